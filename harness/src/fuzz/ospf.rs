//! OSPF packets and link state advertisements.

use l2tpspec_protocol::codec::Codec as _;
use l2tpspec_protocol::ospf::wire::{Lsa, Packet, Recognised, recognise};

use super::check::{round_trip, shows, summarises};

/// Octets of a packet's header, and where its fields stand.
const HEADER: usize = 24;
const CHECKSUM_AT: usize = 12;
const AUTHENTICATION_AT: usize = 16;
/// Where the length of an LSA stands.
const LSA_LENGTH_AT: usize = 18;

/// A packet, and one whose version, length and checksum are put right.
///
/// # Panics
/// It does not encode back to its octets, or does not show itself well.
pub fn packet_round_trip(octets: &[u8]) {
    packet(octets);
    let mut patched = octets.to_vec();
    if put_right(&mut patched).is_some() && patched != octets {
        packet(&patched);
    }
}

fn packet(octets: &[u8]) {
    let Some(packet) = round_trip::<Packet>(octets) else { return };
    assert_eq!(recognise(octets), Recognised::Version2);
    summarises(&packet);
    let covered = packet.covered_octets().expect("what decodes encodes");
    assert!(octets.starts_with(&covered), "a digest covers the beginning of the packet");
}

fn put_right(octets: &mut [u8]) -> Option<()> {
    let length = u16::try_from(octets.len()).ok()?;
    *octets.first_mut()? = 2;
    octets.get_mut(2..4)?.copy_from_slice(&length.to_be_bytes());
    octets.get_mut(CHECKSUM_AT..CHECKSUM_AT + 2)?.fill(0);
    let sum = |octets: &[u8]| -> u32 {
        octets.chunks(2).map(|word| u32::from(word[0]) << 8 | word.get(1).copied().map_or(0, u32::from)).sum()
    };
    let mut sum = sum(octets.get(..AUTHENTICATION_AT)?) + sum(octets.get(HEADER..)?);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let checksum = !u16::try_from(sum).ok()?;
    octets.get_mut(CHECKSUM_AT..CHECKSUM_AT + 2)?.copy_from_slice(&checksum.to_be_bytes());
    Some(())
}

/// A link state advertisement, and one whose length is put right.
///
/// # Panics
/// It does not encode back to its octets, or its computed checksum does not fit.
pub fn lsa_round_trip(octets: &[u8]) {
    lsa(octets);
    let mut patched = octets.to_vec();
    if let (Ok(length), Some(place)) =
        (u16::try_from(octets.len()), patched.get_mut(LSA_LENGTH_AT..LSA_LENGTH_AT + 2))
    {
        place.copy_from_slice(&length.to_be_bytes());
        if patched != octets {
            lsa(&patched);
        }
    }
}

fn lsa(octets: &[u8]) {
    let Some(lsa) = round_trip::<Lsa>(octets) else { return };
    let right = lsa.with_checksum();
    assert!(right.checksum_fits(), "a computed checksum fits");
    let again = Lsa::decode_all(&right.to_octets().expect("what decodes encodes"));
    assert_eq!(again, Ok(right.clone()));
    shows(&right);
}
