use crate::ppp::Protocol;
use crate::ppp::tests::{round_trip, shown};

/// packetlife/802.1X.cap, frames 5 and 6.
#[test]
fn reads_a_recorded_md5_challenge() {
    let packet = round_trip(Protocol::Eap, "01 01 0016 04 10 824788d693e2adac6ce15641418228cf");
    assert_eq!(
        shown(&packet),
        "code=1:Request identifier=1 length=22 type=4:MD5-Challenge value=824788d693e2adac6ce15641418228cf name=\"\""
    );
    let packet = round_trip(
        Protocol::Eap,
        "02 01 0022 04 10 3a535f0ee8c6b34fe714aa7dad9a0e15 4a6f686e2e4d63477569726b",
    );
    assert_eq!(packet.to_string(), "EAP Response id 1 (MD5-Challenge \"John.McGuirk\")");
}

#[test]
fn reads_every_method() {
    for (hex, fields) in [
        ("01 02 0008 02 627965", "type=2:Notification message=\"bye\""),
        ("02 02 0007 03 1a 06", "type=3:Nak desired_types=[26:MS-EAP-Authentication 6:Generic Token Card]"),
        ("01 02 0008 05 6f7470", "type=5:One-Time Password message=\"otp\""),
        ("02 02 0008 05 6f7470", "type=5:One-Time Password password=***"),
        ("01 02 0008 06 677463", "type=6:Generic Token Card message=\"gtc\""),
        ("02 02 0008 06 677463", "type=6:Generic Token Card password=***"),
        ("01 02 0006 0d 20", "type=13:EAP-TLS type_data=20"),
        ("01 02 000d fe 000137 00000001 ff", "type=254:Expanded vendor_id=311 vendor_type=1 vendor_data=ff"),
        ("01 02 0006 63 ff", "type=99:? type_data=ff"),
    ] {
        let shown = shown(&round_trip(Protocol::Eap, hex));
        assert!(shown.ends_with(fields), "{shown}");
    }
}

#[test]
fn reads_ms_chap_version_2_in_eap() {
    for (hex, summary) in [
        (
            "01 07 001c 1a 01 07 0017 10 95a87fa62ebcd2e3c8b09e1b448a6c72 4c4e",
            "EAP Request id 7 (MS-EAP-Authentication Challenge \"LN\")",
        ),
        ("01 08 000c 1a 04 07 0007 453d36", "EAP Request id 8 (MS-EAP-Authentication Failure \"E=6\")"),
        ("02 08 0006 1a 03", "EAP Response id 8 (MS-EAP-Authentication Success)"),
        ("02 08 000a 1a 07 07 0005 ff", "EAP Response id 8 (MS-EAP-Authentication Change-Password)"),
    ] {
        assert_eq!(round_trip(Protocol::Eap, hex).to_string(), summary);
    }
}

/// EAP-3748-4.2-a: they are four octets long, but a longer one is still a value.
#[test]
fn reads_verdicts() {
    assert_eq!(round_trip(Protocol::Eap, "03 01 0004").to_string(), "EAP Success id 1");
    assert_eq!(round_trip(Protocol::Eap, "04 01 0005 ff").to_string(), "EAP Failure id 1 (1 octet)");
}
