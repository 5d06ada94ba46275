//! Octets of chance: nothing panics, and what decodes encodes back.

use proptest::prelude::*;

use super::*;

fn holds(octets: &[u8]) {
    let _ = recognise(octets);
    for message in [Message::decode_all(octets), patched_and_decoded(octets)].into_iter().flatten() {
        let again = message.to_octets().unwrap();
        assert_eq!(Message::decode_all(&again).unwrap(), message);
        let _ = (shown(&message), message.to_string());
        assert_eq!(again[28..], octets[28..]);
    }
    if let Ok(sealed) = Sealed::decode_all(octets) {
        assert_eq!(sealed.to_octets().unwrap(), octets);
    }
}

/// The message with the length that fits, so that chance gets past it.
fn patched_and_decoded(octets: &[u8]) -> Result<Message, Malformed> {
    let header = Header::decode(&mut Reader::new(octets))?;
    let length = u32::try_from(octets.len()).unwrap();
    let version = Header::VERSION_1_0;
    Message::open(Header { length, version, ..header }, &octets[28..])
}

proptest! {
    #[test]
    fn random_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        holds(&octets);
    }

    #[test]
    fn random_bodies_round_trip_if_they_decode(
        kind in prop::sample::select(PayloadType::NAMED.to_vec()),
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut w = Writer::new();
        w.u32(0);
        w.put(&body);
        let mut octets = w.into_octets().unwrap();
        octets[3] = u8::try_from(octets.len()).unwrap();
        let walked = walk(kind, &mut Reader::new(&octets));
        if walked.refused.is_none() {
            let mut w = Writer::new();
            encode_chain(&walked.payloads, &mut w);
            w.put(&walked.padding);
            prop_assert_eq!(w.into_octets().unwrap(), octets);
        }
    }

    #[test]
    fn damaged_samples_never_panic_and_round_trip_if_they_decode(
        which in any::<prop::sample::Index>(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let samples = all();
        let mut octets = which.get(&samples).octets.clone();
        for (at, value) in damages {
            let at = at.index(octets.len());
            octets[at] = value;
        }
        if let Some(cut) = cut {
            octets.truncate(cut.index(octets.len()));
        }
        holds(&octets);
    }
}
