//! First messages of real devices, octet by octet.

use l2tpspec_protocol::entropy::{Scripted, Seeded};
use l2tpspec_protocol::l2tp::wire::AvpValue;
use l2tpspec_protocol::l2tp::{Command, Config, Content as C, L2tp, Messages, Numbers, Part};
use l2tpspec_protocol::layer::{Input, Layer, Output};

use super::support::{CLIENT, config};
use crate::support::digits;

fn sccrq(config: Config, tunnel: u16) -> String {
    use l2tpspec_protocol::cx::{Cx, NoKeyLog};
    let mut script = Scripted::new(Seeded::new(b"sample")).then("l2tp.tunnel_id", &tunnel.to_be_bytes());
    let mut layer = L2tp::new(Config { ids: Numbers::Random, ..config });
    let now = l2tpspec_protocol::time::Instant::START;
    let mut cx = Cx { now, entropy: &mut script, key_log: &mut NoKeyLog };
    layer.handle_input(&mut cx, Input::Command(Command::Open { path: CLIENT }));
    while let Some(output) = layer.poll_output() {
        if let Output::ToBelow(datagram) = output {
            return digits(&datagram.octets);
        }
    }
    panic!("nothing was sent")
}

fn with(sccrq: Vec<Part>, host_name: &str, receive_window: u16) -> Config {
    let base = config(host_name);
    Config { messages: Messages { sccrq, ..base.messages }, receive_window, ..base }
}

const fn fixed(value: AvpValue) -> C {
    C::Fixed(value)
}

fn windows(host_name: &str, firmware: u16) -> Config {
    let (must, may) = (Part::mandatory, Part::optional);
    let parts = vec![
        must(fixed(AvpValue::ProtocolVersion { version: 1, revision: 0 })),
        must(fixed(AvpValue::FramingCapabilities(1))),
        must(fixed(AvpValue::BearerCapabilities(0))),
        may(fixed(AvpValue::FirmwareRevision(firmware))),
        must(C::HostName),
        may(fixed(AvpValue::VendorName(b"Microsoft".to_vec()))),
        must(C::AssignedTunnelId),
        must(C::ReceiveWindowSize),
    ];
    with(parts, host_name, 8)
}

/// Windows 10, 108 octets, and Windows 2000, 96 octets.
#[test]
fn windows_says_what_windows_was_heard_to_say() {
    let ten = "c802006c000000000000000080080000000000018008000000020100800a0000000300000001800a00000004000000000008\
               000000060a008015000000074445534b544f502d434b564238544d000f000000084d6963726f736f667480080000000900\
               0f80080000000a0008";
    assert_eq!(sccrq(windows("DESKTOP-CKVB8TM", 0x0a00), 15), ten);
    let two_thousand = "c8020060000000000000000080080000000000018008000000020100800a0000000300000001800a0000000400000\
                        0000008000000060500800900000007776655000f000000084d6963726f736f6674800800000009000180080000\
                        000a0008";
    assert_eq!(sccrq(windows("wfU", 0x0500), 1), two_thousand);
}

/// Android's mtpd, 69 octets: xelerance/Openswan#204.
#[test]
fn android_says_what_android_was_heard_to_say() {
    let must = Part::mandatory;
    let parts = vec![
        must(fixed(AvpValue::ProtocolVersion { version: 1, revision: 0 })),
        must(C::HostName),
        must(fixed(AvpValue::FramingCapabilities(3))),
        must(C::AssignedTunnelId),
        must(C::ReceiveWindowSize),
        must(C::Challenge),
    ];
    let heard = "c8020045000000000000000080080000000000018008000000020100800f00000007616e6f6e796d6f7573800a0000000300\
                 00000380080000000\
                 90d6a80080000000a0001";
    assert_eq!(sccrq(with(parts, "anonymous", 1), 0x0d6a), heard);
}

/// xl2tpd 1.3.13 as LAC, 100 octets: xelerance/xl2tpd#166.
#[test]
fn xl2tpd_says_what_xl2tpd_was_heard_to_say() {
    let heard = "c8020064000000000000000080080000000000018008000000020100800a0000000300000003800a0000000400000000000800\
                 00000606908009000000074d324d00130000000878656c6572616e63652e636f6d800800000009e7f680080000000a0008";
    assert_eq!(sccrq(Config { receive_window: 8, ..config("M2M") }, 0xe7f6), heard);
}
