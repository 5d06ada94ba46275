//! L2TP headers, control messages and AVPs, in clear and hidden.

use l2tpspec_protocol::codec::{Codec as _, Reader, Writer};
use l2tpspec_protocol::l2tp::hidden;
use l2tpspec_protocol::l2tp::wire::{
    Avp, AvpValue, ControlMessage, DataHeader, DataMessage, Header, Recognised, recognise,
};

use super::check::{round_trip, same_octets, shows, summarises};

/// Octets up to the end of the Length.
const TO_LENGTH: usize = 4;

/// A data message, and its header on the path that copies nothing.
///
/// # Panics
/// It does not encode back to its octets, or the two ways to read it disagree.
pub fn header_round_trip(octets: &[u8]) {
    let recognised = recognise(octets);
    let whole = round_trip::<DataMessage>(octets);
    let head = DataHeader::decode(octets);
    assert_eq!(whole.is_some(), head.is_ok(), "both ways read the same messages");
    let (Some(whole), Ok((head, payload))) = (whole, head) else { return };
    assert_eq!(recognised, Recognised::Version2Data);
    summarises(&whole);
    summarises(&head);
    shows(&head);
    assert_eq!(octets.get(payload.clone()), Some(&*whole.payload), "both ways find the same payload");
    let Header { tunnel_id, session_id, sequence, reserved, has_priority, .. } = whole.header;
    assert_eq!(
        (tunnel_id, session_id, sequence, reserved, has_priority),
        (head.tunnel_id, head.session_id, head.sequence, head.reserved, head.has_priority)
    );
    let mut w = Writer::new();
    head.encode(&mut w, &whole.payload);
    let again = w.into_octets().expect("what decodes encodes");
    let is_zero = |pad: &Vec<u8>| pad.iter().all(|octet| *octet == 0);
    if whole.header.offset.as_ref().is_none_or(is_zero) {
        assert_eq!(octets.get(..payload.end), Some(&*again), "the header encodes to the same octets");
    }
}

/// A control message, and the octets behind a right header as its AVPs.
///
/// # Panics
/// It does not encode back to its octets, or does not show itself well.
pub fn control_round_trip(octets: &[u8]) {
    control(octets);
    let mut patched = octets.to_vec();
    if let Some([flags, version, high, low]) = patched.first_chunk_mut::<TO_LENGTH>() {
        // T, L and S bits, version 2, and the Length that fits.
        *flags = *flags & 0x35 | 0xc8;
        *version = *version & 0xf0 | 2;
        [*high, *low] = u16::try_from(octets.len()).unwrap_or(u16::MAX).to_be_bytes();
        if patched != octets {
            control(&patched);
        }
    }
}

fn control(octets: &[u8]) {
    let Some(message) = round_trip::<ControlMessage>(octets) else { return };
    assert_eq!(recognise(octets), Recognised::Version2Control);
    summarises(&message);
    assert_eq!(message.is_zlb(), message.avps.is_empty());
    let opened = message.open_hidden(b"secret");
    assert_eq!(opened.avps.len(), message.avps.len(), "opening keeps every AVP");
    same_octets::<ControlMessage>(&opened.to_octets().expect("what opens encodes"));
    shows(&opened);
}

/// AVPs behind one another.
///
/// # Panics
/// One does not encode back to its octets, or does not show itself well.
pub fn avp_round_trip(octets: &[u8]) {
    let mut r = Reader::new(octets);
    while !r.is_empty() {
        let before = r.offset();
        let Ok(avp) = Avp::decode(&mut r) else { break };
        let own = octets.get(before..r.offset()).expect("an AVP comes from the octets");
        assert_eq!(avp.to_octets().as_deref(), Ok(own), "an AVP encodes to the same octets");
        assert_eq!(avp.length(), own.len());
        shows(&avp);
    }
    // As the value of an AVP of the type that the first octet says.
    if let Some((attribute_type, value)) = octets.split_first() {
        let value = AvpValue::decode(0, u16::from(*attribute_type), value);
        let mut w = Writer::new();
        value.encode(&mut w);
        assert_eq!(
            w.written_from(0),
            octets.get(1..).unwrap_or_default(),
            "a value encodes to the same octets"
        );
    }
}

/// An attribute type, the lengths of Random Vector and padding, both of them, and a value: hidden and opened, and
/// opened and hidden.
///
/// # Panics
/// An AVP that was hidden does not open, or one that opens does not hide again.
pub fn hidden_avp_open_hide(octets: &[u8]) {
    const SECRET: &[u8] = b"nycmeshnet";
    let Some((&[attribute_type, vector, padding], rest)) = octets.split_first_chunk::<3>() else { return };
    let (vector, rest) = rest.split_at(usize::from(vector % 40).min(rest.len()));
    let (padding, value) = rest.split_at(usize::from(padding % 40).min(rest.len()));
    let attribute_type = u16::from(attribute_type);
    let avp =
        |hidden, value| Avp { mandatory: true, hidden, reserved: 0, vendor_id: 0, attribute_type, value };
    let clear = avp(false, AvpValue::decode(0, attribute_type, value));
    let sealed = hidden::hide(&clear, SECRET, vector, padding).expect("a short value can be hidden");
    assert!(sealed.hidden && matches!(sealed.value, AvpValue::Hidden(_)));
    assert_eq!(
        hidden::hide(&sealed, SECRET, vector, padding).as_ref(),
        Ok(&sealed),
        "what is hidden stays so"
    );
    assert_eq!(hidden::open(&sealed, SECRET, vector), Ok(clear.clone()), "what was hidden opens");
    let message = ControlMessage {
        header: Header::control(1, 0, 0, 0),
        avps: vec![Avp::new(AvpValue::RandomVector(vector.to_vec())), sealed],
        padding: Vec::new(),
    };
    assert_eq!(message.open_hidden(SECRET).avps.get(1), Some(&clear), "a message opens it likewise");

    // The same octets as what a stranger hid.
    let strange = avp(true, AvpValue::Hidden(value.to_vec()));
    match hidden::open(&strange, SECRET, vector) {
        Ok(opened) => {
            shows(&opened);
            let own = opened.length() - 6 + 2;
            let filler = vec![0; value.len() - own];
            let again = hidden::hide(&opened, SECRET, vector, &filler).expect("what opened hides");
            let AvpValue::Hidden(again) = again.value else { panic!("what was hidden is hidden") };
            assert_eq!(again.len(), value.len());
            assert_eq!(again.get(..own), value.get(..own), "all but the padding hides as it was");
        }
        Err(malformed) => assert!(malformed.offset <= value.len(), "{malformed} lies within the value"),
    }
}
