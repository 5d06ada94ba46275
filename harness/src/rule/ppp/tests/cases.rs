//! Each requirement, and how a good link is made to break it.

use l2tpspec_protocol::codec::{Malformed, Why};
use l2tpspec_protocol::ppp::control::{Body, Code, Packet};
use l2tpspec_protocol::ppp::frame::FrameHeader;
use l2tpspec_protocol::ppp::{Control, Protocol, ccp, chap, eap, ipcp, lcp, pap};

use super::good::{MAGIC, ask_lcp, ipcp_packet, ipv6cp_packet, lcp_packet, negotiate_lcp};
use crate::rule::l2tp::talk::{Case, Talk};
use crate::transcript::connection::Role::{self, Client, Supernode};
use crate::transcript::layer::Named;
use crate::transcript::{Fault, FaultCause, Layer};

/// The first LCP packet of this sender and code.
fn find_lcp(talk: &mut Talk, role: Role, code: Code) -> &mut Packet<lcp::Option> {
    let found = talk.packets().find_map(|(sender, _, control)| match control {
        Control::Lcp(packet) if sender == role && packet.code == code => Some(packet),
        _ => None,
    });
    found.unwrap()
}

fn find_ipcp(talk: &mut Talk, role: Role, code: Code) -> &mut Packet<ipcp::Option> {
    let found = talk.packets().find_map(|(sender, _, control)| match control {
        Control::Ipcp(packet) if sender == role && packet.code == code => Some(packet),
        _ => None,
    });
    found.unwrap()
}

fn find_chap(talk: &mut Talk, code: chap::Code) -> &mut chap::Packet {
    let found = talk.packets().find_map(|(_, _, control)| match control {
        Control::Chap(packet) if packet.code == code => Some(packet),
        _ => None,
    });
    found.unwrap()
}

fn options<O>(packet: &mut Packet<O>) -> &mut Vec<O> {
    match &mut packet.body {
        Body::Options(options) => options,
        _ => panic!("no options"),
    }
}

/// The header of the first frame of this sender and code of LCP.
fn header_of(talk: &mut Talk, role: Role, code: Code) -> &mut FrameHeader {
    let found = talk.packets().find_map(|(sender, header, control)| match control {
        Control::Lcp(packet) if sender == role && packet.code == code => Some(header),
        _ => None,
    });
    found.unwrap()
}

/// A link right after LCP was opened, with this authentication.
pub(super) fn opened(authentication: Option<&lcp::Option>) -> Talk {
    let mut talk = Talk::default();
    talk.open();
    negotiate_lcp(&mut talk, authentication);
    talk
}

pub(super) fn by(protocol: Protocol, algorithm: &[u8]) -> lcp::Option {
    lcp::Option::AuthenticationProtocol { protocol, data: algorithm.to_vec() }
}

pub(super) fn chap_packet(code: chap::Code, identifier: u8, body: chap::Body) -> Control {
    Control::Chap(chap::Packet { code, identifier, body, padding: Vec::new() })
}

pub(super) fn value(octets: usize) -> chap::Body {
    chap::Body::Value { value: vec![0; octets], name: b"name".to_vec() }
}

fn pap_packet(code: pap::Code, identifier: u8) -> Control {
    let body = match code {
        pap::Code::AuthenticateRequest => pap::Body::Request { peer_id: Vec::new(), password: Vec::new() },
        _ => pap::Body::Verdict(Some(Vec::new())),
    };
    Control::Pap(pap::Packet { code, identifier, body, padding: Vec::new() })
}

fn eap_packet(code: eap::Code, data: &[u8]) -> Control {
    Control::Eap(eap::Packet {
        code,
        identifier: 1,
        body: eap::Body::Data(data.to_vec()),
        padding: Vec::new(),
    })
}

fn ccp_packet(code: Code, identifier: u8, body: Body<ccp::Option>) -> Control {
    Control::Ccp(Packet { code, identifier, body, padding: Vec::new() })
}

/// A frame of this protocol with nothing that a rule looks at.
fn frame(talk: &mut Talk, sender: Role, protocol: Protocol) {
    talk.ppp(sender, protocol, vec![]);
}

/// The supernode's answer to the client's IPV6CP request, both with these identifiers.
fn identify(talk: &mut Talk, own: [u8; 8], asked: [u8; 8], code: Code, answer: [u8; 8]) {
    *talk = opened(None);
    talk.packet(Supernode, ipv6cp_packet(Code::ConfigureRequest, 1, own));
    talk.packet(Client, ipv6cp_packet(Code::ConfigureRequest, 1, asked));
    talk.packet(Supernode, ipv6cp_packet(code, 1, answer));
}

pub(super) fn terminate(talk: &mut Talk, sender: Role, identifier: u8) {
    talk.packet(sender, lcp_packet(Code::TerminateRequest, identifier, Body::Data(Vec::new())));
}

fn unknown(talk: &mut Talk, protocol: Protocol) {
    let (code, body) = (Code::Unknown(200), Body::Data(Vec::new()));
    let padding = Vec::new();
    let control = match protocol {
        Protocol::Ipcp => {
            Control::Ipcp(Packet { code, identifier: 9, body: Body::Data(Vec::new()), padding })
        }
        Protocol::Ccp => ccp_packet(code, 9, Body::Data(Vec::new())),
        _ => lcp_packet(code, 9, body),
    };
    talk.packet(Client, control);
    talk.wait(5000);
    frame(talk, Supernode, Protocol::Multilink);
}

const CHAP_V1: &[u8] = &[128];
pub(super) const CHAP_V2: &[u8] = &[129];

pub(super) const CASES: &[Case] = &[
    ("LCP-1661-2-a", Client, |talk| frame(talk, Client, Protocol::Unknown(0x0120))),
    ("HDLC-1662-3.2-a", Client, |talk| frame(talk, Client, Protocol::Unknown(0x00ff))),
    ("LCP-1661-3.5-a", Supernode, |talk| {
        *talk = opened(None);
        talk.packet(Supernode, chap_packet(chap::Code::Challenge, 1, value(16)));
    }),
    // The client, without waiting for Success; the supernode, without waiting for a Response.
    ("LCP-1661-3.5-b", Client, |talk| {
        *talk = opened(Some(&by(Protocol::Chap, CHAP_V2)));
        talk.packet(Client, ipcp_packet(Code::ConfigureRequest, 1, vec![]));
    }),
    ("LCP-1661-3.5-b", Supernode, |talk| {
        *talk = opened(Some(&by(Protocol::Chap, CHAP_V2)));
        talk.packet(Supernode, ipcp_packet(Code::ConfigureRequest, 1, vec![]));
    }),
    ("LCP-1661-5-a", Client, |talk| {
        options(find_lcp(talk, Supernode, Code::ConfigureRequest))
            .push(lcp::Option::AddressAndControlFieldCompression);
        options(find_lcp(talk, Client, Code::ConfigureAck))
            .push(lcp::Option::AddressAndControlFieldCompression);
        header_of(talk, Client, Code::TerminateRequest).has_address_and_control = false;
    }),
    ("LCP-1661-6.6-a", Client, |talk| {
        header_of(talk, Client, Code::EchoReply).has_address_and_control = false;
    }),
    ("LCP-1661-5.1-a", Client, |talk| {
        options(find_lcp(talk, Client, Code::ConfigureRequest))[0] = lcp::Option::MaximumReceiveUnit(1500);
        options(find_lcp(talk, Supernode, Code::ConfigureAck))[0] = lcp::Option::MaximumReceiveUnit(1500);
    }),
    ("LCP-1661-5.2-a", Client, |talk| options(find_lcp(talk, Client, Code::ConfigureAck)).reverse()),
    ("LCP-1661-5.2-a", Client, |talk| find_lcp(talk, Client, Code::ConfigureAck).identifier = 77),
    ("LCP-1661-5.3-a", Supernode, |talk| options(find_ipcp(talk, Supernode, Code::ConfigureNak)).reverse()),
    ("LCP-1661-5.3-a", Supernode, |talk| {
        options(find_ipcp(talk, Supernode, Code::ConfigureNak))[0] = ipcp::Option::IpAddress([0; 4].into());
    }),
    ("LCP-1661-5.3-b", Supernode, |talk| {
        *talk = Talk::default();
        talk.open();
        ask_lcp(talk, Client, 1, vec![lcp::Option::ProtocolFieldCompression]);
        let body = Body::Options(vec![lcp::Option::ProtocolFieldCompression]);
        talk.packet(Supernode, lcp_packet(Code::ConfigureNak, 1, body));
    }),
    ("LCP-1661-5.4-a", Supernode, |talk| {
        let unasked = lcp::Option::SelfDescribingPad(3);
        options(find_lcp(talk, Supernode, Code::ConfigureReject)).push(unasked);
    }),
    ("LCP-1661-5.4-b", Client, |talk| {
        *talk = Talk::default();
        talk.open();
        for identifier in 1..=4 {
            let padding = || vec![lcp::Option::SelfDescribingPad(3)];
            ask_lcp(talk, Client, identifier, padding());
            talk.packet(Supernode, lcp_packet(Code::ConfigureReject, identifier, Body::Options(padding())));
        }
    }),
    ("LCP-1661-5.5-a", Supernode, |talk| {
        *talk = opened(None);
        terminate(talk, Client, 2);
        talk.wait(3000);
        terminate(talk, Client, 3);
        frame(talk, Supernode, Protocol::Multilink);
    }),
    ("LCP-1661-5.6-a", Supernode, |talk| {
        *talk = opened(None);
        unknown(talk, Protocol::Lcp);
    }),
    ("LCP-1661-5.6-a", Client, |talk| {
        for packet in [[200, 1, 0, 4], [201, 1, 0, 4]] {
            talk.packet(Client, lcp_packet(Code::CodeReject, 7, Body::RejectedPacket(packet.to_vec())));
        }
    }),
    ("LCP-1661-5.7-b", Client, |talk| {
        talk.wait(2000);
        let ask = ccp_packet(Code::ConfigureRequest, 2, Body::Options(vec![]));
        talk.packet(Client, ask);
    }),
    ("LCP-1661-5.8-a", Client, |talk| find_lcp(talk, Client, Code::EchoReply).identifier = 77),
    ("LCP-1661-5.8-a", Client, |talk| {
        *talk = opened(None);
        for identifier in 0..3 {
            let body = Body::Echo { magic_number: MAGIC[1], data: Vec::new() };
            talk.packet(Supernode, lcp_packet(Code::EchoRequest, identifier, body));
            talk.wait(10_000);
        }
        frame(talk, Client, Protocol::Multilink);
    }),
    ("LCP-1661-5.8-b", Client, |talk| {
        *talk = Talk::default();
        talk.open();
        let body = Body::Echo { magic_number: 0, data: Vec::new() };
        talk.packet(Client, lcp_packet(Code::EchoRequest, 1, body));
    }),
    ("LCP-1661-6-b", Client, |talk| {
        frame(talk, Client, Protocol::Lcp);
        let entry = talk.entries.last_mut().unwrap();
        entry.layers.push(Layer::Named(Named { layer: "lcp", why: "malformed" }));
        let why = Why::Truncated { need: 200, have: 6 };
        let malformed = Malformed { field: "Option Length", offset: 5, why };
        entry.fault = Some(Fault { layer: "lcp", cause: FaultCause::Malformed(malformed) });
    }),
    ("LCP-1661-6.2-a", Supernode, |talk| {
        let both = [by(Protocol::Chap, CHAP_V2), by(Protocol::Pap, &[])];
        options(find_lcp(talk, Supernode, Code::ConfigureRequest)).splice(1..2, both);
    }),
    ("LCP-1661-6.4-c", Supernode, |talk| {
        *talk = Talk::default();
        talk.open();
        ask_lcp(talk, Client, 1, vec![lcp::Option::MagicNumber(0)]);
        talk.packet(
            Supernode,
            lcp_packet(Code::ConfigureAck, 1, Body::Options(vec![lcp::Option::MagicNumber(0)])),
        );
    }),
    ("LCP-1661-6.4-e", Client, |talk| {
        find_lcp(talk, Client, Code::EchoReply).body = Body::Echo { magic_number: 1, data: Vec::new() };
    }),
    ("LCP-1661-6.5-a", Client, |talk| {
        talk.ipv4(Client, |_| {}, None);
        for layer in &mut talk.entries.last_mut().unwrap().layers {
            if let Layer::Ppp(header) = layer {
                header.is_protocol_compressed = true;
            }
        }
    }),
    ("PAP-1334-2.2.1-a", Client, |talk| {
        *talk = opened(Some(&by(Protocol::Pap, &[])));
        for _ in 0..2 {
            talk.packet(Client, pap_packet(pap::Code::AuthenticateRequest, 1));
            talk.wait(3000);
        }
    }),
    ("PAP-1334-2.2.2-a", Supernode, |talk| {
        *talk = opened(Some(&by(Protocol::Pap, &[])));
        talk.packet(Client, pap_packet(pap::Code::AuthenticateRequest, 1));
        talk.packet(Supernode, pap_packet(pap::Code::AuthenticateNak, 2));
    }),
    ("CHAP-1994-3-a", Supernode, |talk| *talk = opened(Some(&by(Protocol::Chap, &[129, 0])))),
    ("CHAP-1994-4.1-b", Client, |talk| find_chap(talk, chap::Code::Response).identifier = 9),
    ("CHAP-1994-4.2-a", Supernode, |talk| find_chap(talk, chap::Code::Success).identifier = 9),
    ("MSCHAP-2433-4-a", Supernode, |talk| {
        *talk = opened(Some(&by(Protocol::Chap, CHAP_V1)));
        talk.packet(Supernode, chap_packet(chap::Code::Challenge, 1, value(16)));
    }),
    ("MSCHAP-2433-6-a", Client, |talk| {
        *talk = opened(Some(&by(Protocol::Chap, CHAP_V1)));
        talk.packet(Supernode, chap_packet(chap::Code::Challenge, 1, value(8)));
        talk.packet(Client, chap_packet(chap::Code::Response, 1, value(16)));
    }),
    ("MSCHAP-2759-2-a", Supernode, |talk| find_chap(talk, chap::Code::Challenge).body = value(8)),
    ("MSCHAP-2759-4-a", Client, |talk| find_chap(talk, chap::Code::Response).body = value(48)),
    ("MSCHAP-2759-4-a", Client, |talk| {
        let mut octets = vec![0; 49];
        octets[48] = 1;
        find_chap(talk, chap::Code::Response).body = chap::Body::Value { value: octets, name: Vec::new() };
    }),
    ("MSCHAP-2759-5-a", Supernode, |talk| {
        let lower = b"S=6c557fe35b53f958d8229015eb750842601bfafa M=ok";
        find_chap(talk, chap::Code::Success).body = chap::Body::Message(lower.to_vec());
    }),
    ("MSCHAP-2759-6-a", Supernode, |talk| {
        let packet = find_chap(talk, chap::Code::Success);
        (packet.code, packet.body) =
            (chap::Code::Failure, chap::Body::Message(b"E=691 R=0 C=00 V=3 M=no".to_vec()));
    }),
    ("MSCHAP-2759-6-b", Supernode, |talk| {
        let packet = find_chap(talk, chap::Code::Success);
        // What pppd 2.4.9 says.
        let message = b"E=691 R=1 C=101dcbdc1731d07736360438cf4c5aae V=0 M=Access denied";
        (packet.code, packet.body) = (chap::Code::Failure, chap::Body::Message(message.to_vec()));
    }),
    ("IPCP-1332-2-a", Client, |talk| {
        *talk = Talk::default();
        talk.open();
        talk.packet(Client, ipcp_packet(Code::ConfigureRequest, 1, vec![]));
    }),
    ("IPCP-1332-2-b", Supernode, |talk| {
        *talk = opened(None);
        unknown(talk, Protocol::Ipcp);
    }),
    ("IPCP-1332-2.1-a", Client, |talk| {
        *talk = opened(None);
        talk.ipv4(Client, |_| {}, None);
    }),
    ("IPCP-1332-2.1-a", Client, |talk| talk.ipv4(Client, |ip| ip.total_length = 1401, None)),
    ("IPCP-1332-3.3-a", Supernode, |talk| {
        let zero = || vec![ipcp::Option::IpAddress([0; 4].into())];
        *talk = opened(None);
        talk.packet(Client, ipcp_packet(Code::ConfigureRequest, 1, zero()));
        talk.packet(Supernode, ipcp_packet(Code::ConfigureAck, 1, zero()));
    }),
    ("IPCP-1332-4-a", Client, |talk| frame(talk, Client, Protocol::VanJacobsonCompressed)),
    ("IPCP-1877-1-a", Client, |talk| {
        let short = ipcp::Option::IllSized { number: 129, data: vec![0; 2] };
        options(find_ipcp(talk, Client, Code::ConfigureRequest))[1] = short;
    }),
    ("IPV6CP-5072-2-a", Supernode, |talk| {
        *talk = opened(None);
        frame(talk, Supernode, Protocol::Ipv6);
    }),
    ("IPV6CP-5072-4.1-a", Client, |talk| {
        *talk = opened(None);
        let body = Body::Options(Vec::new());
        talk.packet(
            Client,
            Control::Ipv6cp(Packet { code: Code::ConfigureRequest, identifier: 1, body, padding: vec![] }),
        );
    }),
    ("IPV6CP-5072-4.1-c", Supernode, |talk| identify(talk, [1; 8], [0; 8], Code::ConfigureAck, [0; 8])),
    ("IPV6CP-5072-4.1-c", Supernode, |talk| identify(talk, [1; 8], [0; 8], Code::ConfigureNak, [1; 8])),
    ("IPV6CP-5072-4.1-d", Supernode, |talk| identify(talk, [1; 8], [1; 8], Code::ConfigureAck, [1; 8])),
    ("IPV6CP-5072-4.1-d", Supernode, |talk| identify(talk, [0; 8], [0; 8], Code::ConfigureNak, [1; 8])),
    ("IPV6CP-5072-4.1-f", Client, |talk| identify(talk, [1; 8], [3; 8], Code::ConfigureAck, [3; 8])),
    ("IPV6CP-5072-4.1-f", Client, |talk| {
        identify(talk, [1; 8], [2; 8], Code::ConfigureAck, [2; 8]);
        talk.packet(Client, ipv6cp_packet(Code::ConfigureRequest, 2, [6; 8]));
    }),
    ("CCP-1962-2-a", Client, |talk| {
        *talk = Talk::default();
        talk.open();
        talk.packet(Client, ccp_packet(Code::ConfigureRequest, 1, Body::Options(vec![])));
    }),
    ("CCP-1962-2-a", Supernode, |talk| {
        *talk = opened(None);
        unknown(talk, Protocol::Ccp);
    }),
    ("MPPE-3078-2-a", Client, |talk| {
        let option = ccp::Option::Mppe(ccp::SupportedBits(0x0100_0060 | 0x02));
        talk.packet(Client, ccp_packet(Code::ConfigureRequest, 2, Body::Options(vec![option])));
    }),
    ("MPPE-3078-2-a", Client, |talk| {
        let option = ccp::Option::IllSized { number: 18, data: vec![0; 3] };
        talk.packet(Client, ccp_packet(Code::ConfigureRequest, 2, Body::Options(vec![option])));
    }),
    ("EAP-3748-4.2-a", Supernode, |talk| {
        *talk = opened(Some(&by(Protocol::Eap, &[])));
        talk.packet(Supernode, eap_packet(eap::Code::Success, &[0]));
    }),
    ("EAP-3748-4.2-a", Supernode, |talk| {
        *talk = opened(Some(&by(Protocol::Eap, &[])));
        for _ in 0..2 {
            talk.packet(Supernode, eap_packet(eap::Code::Failure, &[]));
            talk.wait(1000);
        }
    }),
    ("EAP-3748-4.2-a", Client, |talk| {
        *talk = opened(Some(&by(Protocol::Eap, &[])));
        talk.packet(Client, eap_packet(eap::Code::Success, &[]));
    }),
];
