//! The MODP groups.

use super::{BadValue, left_pad};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, Uint};

pub(super) fn public<const L: usize>(prime: Odd<Uint<L>>, private: &[u8]) -> Result<Vec<u8>, BadValue> {
    power(prime, &Uint::from_u8(2), private)
}

pub(super) fn shared<const L: usize>(
    prime: Odd<Uint<L>>,
    private: &[u8],
    peer_public: &[u8],
) -> Result<Vec<u8>, BadValue> {
    let base = Uint::from_be_slice(peer_public);
    let greatest = prime.as_ref().wrapping_sub(&Uint::ONE);
    if base <= Uint::ONE || base >= greatest {
        return Err(BadValue::PublicRange);
    }
    power(prime, &base, private)
}

/// `base` must fill the prime's width when it was read; the result does when written.
fn power<const L: usize>(prime: Odd<Uint<L>>, base: &Uint<L>, exponent: &[u8]) -> Result<Vec<u8>, BadValue> {
    let bits = u32::try_from(exponent.len()).unwrap_or(u32::MAX).saturating_mul(8);
    let exponent = Uint::<L>::from_be_slice(&left_pad(exponent, Uint::<L>::BYTES)?);
    if exponent == Uint::ZERO {
        return Err(BadValue::PrivateRange);
    }
    // The prime is public: only the exponentiation has to take constant time.
    let parameters = FixedMontyParams::new_vartime(prime);
    let power = FixedMontyForm::new(base, &parameters).pow_amm_bounded_exp(&exponent, bits).retrieve();
    Ok(power.to_be_bytes().as_ref().to_vec())
}
