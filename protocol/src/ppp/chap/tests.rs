use super::mschap::{ErrorCode, Failure, Response1, Response2, Success};
use super::*;
use crate::codec::Why;
use crate::ppp::tests::{octets, round_trip, shown};
use crate::ppp::{Control, Protocol};
use proptest::prelude::*;

fn chap(hex: &str) -> Body {
    let Control::Chap(packet) = round_trip(Protocol::Chap, hex) else { panic!("not CHAP") };
    packet.body
}

fn success(text: &str) -> Result<Success, Malformed> {
    Success::parse(Reader::new(text.as_bytes()))
}

fn failure(text: &str) -> Result<Failure, Malformed> {
    Failure::parse(Reader::new(text.as_bytes()))
}

/// lulu-password-pptp.ppp-only.pcap of openwall/john-samples, frames 9, 14 and 15 (password "password").
#[test]
fn reads_a_recorded_exchange_of_ms_chap_version_2() {
    let Body::Value { value, name } = chap("01 88 001a 10 95a87fa62ebcd2e3c8b09e1b448a6c72 7070747064")
    else {
        panic!("no challenge");
    };
    assert_eq!((value, name), (octets("95a87fa62ebcd2e3c8b09e1b448a6c72"), b"pptpd".to_vec()));

    let Body::Value { value, name } = chap(
        "02 88 003a 31 e2ae0995eaac6ceff0d9757428b51509 0000000000000000 \
         ed8cc90fd40faa2d6bcd0abd0b1f562fd777df6c5609c98b 00 6c756c75",
    ) else {
        panic!("no response");
    };
    let response = Response2::decode_all(&value).unwrap();
    assert_eq!(
        shown(&response),
        "peer_challenge=e2ae0995eaac6ceff0d9757428b51509 reserved=0000000000000000 \
         nt_response=ed8cc90fd40faa2d6bcd0abd0b1f562fd777df6c5609c98b flags=0"
    );
    assert_eq!((response.to_octets().unwrap(), name), (value, b"lulu".to_vec()));

    let Body::Message(message) = chap(
        "03 88 003f 533d34363038373445314341444633354642443946364538304330314131414443353734364630423641 \
         204d3d416363657373206772616e746564",
    ) else {
        panic!("no message");
    };
    let success = Success::parse(Reader::new(&message)).unwrap();
    assert_eq!(success.authenticator_response.to_vec(), octets("460874E1CADF35FBD9F6E80C01A1ADC5746F0B6A"));
    assert_eq!(success.message.as_deref(), Some(&b"Access granted"[..]));
    assert!(success.is_upper_case);
    assert_eq!(success.text(), message);
}

/// wrong-ppp-password.pcap, frame 31: pppd repeats the challenge in lower case and gives V=0.
#[test]
fn reads_a_recorded_failure() {
    let failure = failure("E=691 R=1 C=101dcbdc1731d07736360438cf4c5aae V=0 M=Access denied").unwrap();
    assert_eq!(
        failure,
        Failure {
            error: ErrorCode::AuthenticationFailure,
            is_retry_allowed: Some(true),
            challenge: Some(octets("101dcbdc1731d07736360438cf4c5aae")),
            version: Some(0),
            message: Some(b"Access denied".to_vec()),
        }
    );
    assert_eq!(failure.text(), b"E=691 R=1 C=101DCBDC1731D07736360438CF4C5AAE V=0 M=Access denied");
    assert_eq!(failure.to_string(), "E=691 ERROR_AUTHENTICATION_FAILURE");
}

/// MSCHAP-2433-8-a and MSCHAP-2759-6-b.
#[test]
fn reads_failures_with_parts_left_out_and_unknown_errors() {
    let short = failure("E=648 R=0 V=3").unwrap();
    assert_eq!((short.error, short.is_retry_allowed), (ErrorCode::PasswordExpired, Some(false)));
    assert_eq!((short.challenge, short.message), (None, None));
    assert_eq!(failure("E=999").unwrap().error, ErrorCode::Unknown(999));
}

/// RFC 2433 section B.2: user `User`, password `MyPw`, challenge 102db5df085d3041.
#[test]
fn reads_a_response_of_version_1() {
    let value = octets(&format!("{}4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d6101", "00".repeat(24)));
    let response = Response1::decode_all(&value).unwrap();
    assert_eq!(response.lan_manager_response, [0; 24]);
    assert_eq!(response.nt_response.to_vec(), octets("4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61"));
    assert_eq!(response.use_nt_response, 1);
    assert_eq!(response.to_octets().unwrap(), value);
}

#[test]
fn rejects_responses_of_another_size() {
    for len in 0..49 {
        assert!(Response1::decode_all(&vec![0; len]).is_err());
        assert!(Response2::decode_all(&vec![0; len]).is_err());
    }
    let refused = Response2::decode_all(&[0; 50]).unwrap_err();
    assert_eq!(refused.why, Why::Trailing { extra: 1 });
    let refused = Response2::decode_all(&[0; 16]).unwrap_err();
    assert_eq!((refused.field, refused.offset), ("Reserved", 16));
}

/// MSCHAP-2759-5-a: 40 digits after S=.
#[test]
fn rejects_texts_at_the_part_that_is_wrong() {
    let digits = "0123456789abcdef0123456789ABCDEF01234567";
    assert!(!success(&format!("S={digits}")).unwrap().is_upper_case);
    for (text, field, offset) in [
        ("Welcome", "S", 0),
        ("S=", "S", 2),
        ("S=0123456789", "S", 2),
        (&format!("S={}", digits.replace('f', "g")), "S", 2),
        (&format!("S={digits}M=x"), "M", 42),
    ] {
        let refused = success(text).unwrap_err();
        assert_eq!((refused.field, refused.offset), (field, offset), "{text}");
    }
    for (text, field, offset) in [
        ("", "E", 0),
        ("denied", "E", 0),
        ("E=", "E", 2),
        ("E=6x1 R=0", "E", 2),
        ("E=4294967296", "E", 2),
        ("E=691 R=2", "R", 8),
        ("E=691 R=1 C=123", "C", 12),
        ("E=691 R=1 C=1x", "C", 12),
        ("E=691  R=1", "Message", 5),
        ("E=691 V=3 R=1", "Message", 9),
    ] {
        let refused = failure(text).unwrap_err();
        assert_eq!((refused.field, refused.offset), (field, offset), "{text}");
    }
}

#[test]
fn keeps_change_password_packets() {
    let packet = round_trip(Protocol::Chap, "07 05 0008 01020304");
    assert_eq!(packet.to_string(), "CHAP Change-Password version 3 id 5 (4 octets)");
    assert_eq!(round_trip(Protocol::Chap, "63 05 0004").to_string(), "CHAP code 99 id 5 (0 octets)");
}

proptest! {
    #[test]
    fn texts_never_panic_and_read_back(text in "(S=[0-9A-F]{40}( M=.{0,9})?|E=[0-9]{1,11}( R=[012])?( C=[0-9a-f]{0,9})?( V=[0-9]{0,3})?.{0,5}|.{0,9})") {
        if let Ok(read) = success(&text) {
            prop_assert_eq!(Success::parse(Reader::new(&read.text())), Ok(read.clone()));
            prop_assert_eq!(read.text(), text.as_bytes());
        }
        if let Ok(read) = failure(&text) {
            prop_assert_eq!(Failure::parse(Reader::new(&read.text())), Ok(read));
        }
    }
}
