//! The elliptic curve groups (RFC 5903 section 7).

use super::{BadValue, left_pad};
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p256::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, PublicKey, SecretKey};

/// The tag of an uncompressed point (SEC 1 section 2.3.3), which IKE leaves out.
const UNCOMPRESSED: u8 = 4;

pub(super) fn public<C>(private: &[u8]) -> Result<Vec<u8>, BadValue>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let point = secret_key::<C>(private)?.public_key().to_sec1_point(false);
    Ok(point.as_bytes().get(1..).unwrap_or_default().to_vec())
}

pub(super) fn shared<C>(private: &[u8], peer_public: &[u8]) -> Result<Vec<u8>, BadValue>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let point = [&[UNCOMPRESSED], peer_public].concat();
    let peer = PublicKey::<C>::from_sec1_bytes(&point).map_err(|_| BadValue::NotOnCurve)?;
    let secret = secret_key::<C>(private)?.diffie_hellman(&peer);
    Ok(secret.raw_secret_bytes().to_vec())
}

fn secret_key<C: CurveArithmetic>(private: &[u8]) -> Result<SecretKey<C>, BadValue> {
    let octets = left_pad(private, FieldBytes::<C>::default().len())?;
    SecretKey::from_slice(&octets).map_err(|_| BadValue::PrivateRange)
}
