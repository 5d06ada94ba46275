//! The checksum of UDP.

use core::net::IpAddr;

use super::driver::UDP;

/// The checksum of a UDP segment over its pseudo-header (RFC 768); zero stands for none in IPv4, so it is never sent.
pub(super) fn checksum(source: IpAddr, destination: IpAddr, header: &[u8; 8], payload: &[u8]) -> u16 {
    let [_, _, _, _, high, low, _, _] = *header;
    let mut total = sum(&[0, UDP, high, low]);
    for address in [source, destination] {
        total = total.wrapping_add(match address {
            IpAddr::V4(address) => sum(&address.octets()),
            IpAddr::V6(address) => sum(&address.octets()),
        });
    }
    let total = total.wrapping_add(sum(header)).wrapping_add(sum(payload));
    match folded(total) {
        0xffff => 0xffff,
        sum => !sum,
    }
}

/// The sum of the 16-bit words of octets, zero behind an odd end. Words of 32 bits are added instead, which comes to the same
/// once carries are folded in (RFC 1071 section 2 (C)); no datagram is long enough for 64 bits to overflow.
fn sum(octets: &[u8]) -> u64 {
    let (words, rest) = octets.as_chunks::<4>();
    let total = words.iter().fold(0_u64, |sum, word| sum.wrapping_add(u64::from(u32::from_be_bytes(*word))));
    let mut last = [0; 4];
    for (place, octet) in last.iter_mut().zip(rest) {
        *place = *octet;
    }
    total.wrapping_add(u64::from(u32::from_be_bytes(last)))
}

/// A sum in 16 bits, its carries added to it.
fn folded(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff).wrapping_add(sum >> 16);
    }
    u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    #[test]
    fn words_are_summed_as_in_the_example_of_rfc_1071_section_3() {
        assert_eq!(folded(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])), 0xddf2);
    }

    #[test]
    fn ends_of_every_length_count() {
        let octets: Vec<u8> = (0..=255).map(|octet: u8| octet.wrapping_mul(167).wrapping_add(91)).collect();
        for length in 0..octets.len() {
            let pairs = octets[..length].chunks(2);
            let plain =
                pairs.map(|pair| u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0)));
            assert_eq!(folded(sum(&octets[..length])), folded(plain.sum()), "{length} octets");
        }
    }

    #[test]
    fn a_receiver_sums_to_all_ones_and_zero_is_never_sent() {
        let (source, destination) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2));
        for word in 0..=u16::MAX {
            let payload = word.to_be_bytes();
            let header = [6, 165, 6, 165, 0, 10, 0, 0];
            let sent = checksum(source.into(), destination.into(), &header, &payload);
            let parts = [&source.octets()[..], &destination.octets(), &[0, UDP, 0, 10], &header, &payload];
            let total = parts.iter().map(|part| sum(part)).sum::<u64>() + u64::from(sent);
            assert_eq!((folded(total), sent != 0), (0xffff, true), "{word:#06x}");
        }
    }
}
