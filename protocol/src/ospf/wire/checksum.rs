//! The checksum of a packet (RFC 2328 section A.3.1) and of an LSA (RFC 2328 section 12.1.7, RFC 905 annex B).

/// The one's complement of the one's complement sum of 16-bit words, an odd last octet filled with zero.
pub(super) fn internet<'a>(octets: impl Iterator<Item = &'a u8>) -> u16 {
    let mut sum: u32 = 0;
    let mut is_high = true;
    for octet in octets {
        let word = if is_high { u32::from(*octet) << 8 } else { u32::from(*octet) };
        sum = sum.wrapping_add(word);
        sum = (sum & 0xffff).wrapping_add(sum >> 16);
        is_high = !is_high;
    }
    let [_, _, high, low] = sum.to_be_bytes();
    !u16::from_be_bytes([high, low])
}

/// The Fletcher checksum that belongs at `at`, the two octets there counting as zero. `octets` begin behind the LS
/// age.
pub(super) fn fletcher(octets: &[u8], at: usize) -> u16 {
    let is_checksum = |index: usize| index == at || index.checked_sub(1) == Some(at);
    let cleared = octets.iter().enumerate().map(|(index, octet)| if is_checksum(index) { 0 } else { *octet });
    let (c0, c1) = running_sums(cleared);
    // The octets X and Y at `at` make both running sums zero.
    let behind_x = octets.len().checked_sub(at).and_then(|rest| rest.checked_sub(1)).unwrap_or_default();
    let behind_x = u32::try_from(behind_x % 255).unwrap_or_default();
    let x = behind_x.wrapping_mul(c0).wrapping_add(MODULUS).wrapping_sub(c1) % MODULUS;
    let y = MODULUS.wrapping_mul(2).wrapping_sub(c0).wrapping_sub(x) % MODULUS;
    // Zero is written as 255, for a checksum is never zero (requirement OSPF-2328-12.1.7-a).
    let nonzero = |value: u32| u8::try_from(value).ok().filter(|octet| *octet != 0).unwrap_or(u8::MAX);
    u16::from_be_bytes([nonzero(x), nonzero(y)])
}

/// Whether octets hold a Fletcher checksum that fits, be a zero in it written as 0 or as 255.
pub(super) fn fletcher_fits(octets: &[u8]) -> bool {
    running_sums(octets.iter().copied()) == (0, 0)
}

const MODULUS: u32 = 255;

fn running_sums(octets: impl Iterator<Item = u8>) -> (u32, u32) {
    octets.fold((0, 0), |(c0, c1): (u32, u32), octet| {
        let c0 = c0.wrapping_add(u32::from(octet)) % MODULUS;
        (c0, c1.wrapping_add(c0) % MODULUS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internet_checksum_of_a_hello_leaves_out_nothing_but_what_the_caller_leaves_out() {
        assert_eq!(internet([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7].iter()), !0xddf2);
        assert_eq!(internet([0x01].iter()), !0x0100);
    }
}
