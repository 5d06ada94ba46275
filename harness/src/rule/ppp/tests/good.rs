//! A PPP link that breaks nothing.

use l2tpspec_protocol::ppp::control::{Body, Code, Packet};
use l2tpspec_protocol::ppp::{Control, Protocol, ccp, chap, ipcp, ipv6cp, lcp};

use crate::rule::l2tp::talk::Talk;
use crate::rule::ospf;
use crate::transcript::connection::Role::{self, Client, Supernode};

/// Magic numbers of client and supernode.
pub(in crate::rule) const MAGIC: [u32; 2] = [0x1111_1111, 0x2222_2222];
const ADDRESS: [u8; 4] = [10, 70, 72, 2];
const GATEWAY: [u8; 4] = [10, 70, 72, 1];
const NAME_SERVER: [u8; 4] = [10, 10, 10, 10];

pub(in crate::rule) fn lcp_packet(code: Code, identifier: u8, body: Body<lcp::Option>) -> Control {
    Control::Lcp(Packet { code, identifier, body, padding: Vec::new() })
}

pub(in crate::rule) fn ipcp_packet(code: Code, identifier: u8, options: Vec<ipcp::Option>) -> Control {
    Control::Ipcp(Packet { code, identifier, body: Body::Options(options), padding: Vec::new() })
}

pub(in crate::rule) fn ipv6cp_packet(code: Code, identifier: u8, interface_identifier: [u8; 8]) -> Control {
    let body = Body::Options(vec![ipv6cp::Option::InterfaceIdentifier(interface_identifier)]);
    Control::Ipv6cp(Packet { code, identifier, body, padding: Vec::new() })
}

/// Sends an LCP Configure-Request.
pub(in crate::rule) fn ask_lcp(talk: &mut Talk, sender: Role, identifier: u8, options: Vec<lcp::Option>) {
    talk.packet(sender, lcp_packet(Code::ConfigureRequest, identifier, Body::Options(options)));
}

/// Opens LCP; the supernode asks for this authentication, and rejects an option of the client's.
pub(in crate::rule) fn negotiate_lcp(talk: &mut Talk, authentication: Option<&lcp::Option>) {
    let options = |role: Role| {
        let magic = lcp::Option::MagicNumber(MAGIC[role as usize]);
        let authentication = authentication.filter(|_| role == Supernode).cloned();
        [Some(lcp::Option::MaximumReceiveUnit(1400)), authentication, Some(magic)]
            .into_iter()
            .flatten()
            .collect()
    };
    let mut more: Vec<_> = options(Client);
    let padding = lcp::Option::SelfDescribingPad(4);
    more.push(padding.clone());
    ask_lcp(talk, Supernode, 1, options(Supernode));
    ask_lcp(talk, Client, 1, more);
    talk.packet(Supernode, lcp_packet(Code::ConfigureReject, 1, Body::Options(vec![padding])));
    talk.packet(Client, lcp_packet(Code::ConfigureAck, 1, Body::Options(options(Supernode))));
    ask_lcp(talk, Client, 2, options(Client));
    talk.packet(Supernode, lcp_packet(Code::ConfigureAck, 2, Body::Options(options(Client))));
}

/// Opens LCP and authenticates the client.
pub(in crate::rule) fn authenticate(talk: &mut Talk) {
    let method = lcp::Option::AuthenticationProtocol { protocol: Protocol::Chap, data: vec![129] };
    negotiate_lcp(talk, Some(&method));
    let packet = |code, body| Control::Chap(chap::Packet { code, identifier: 5, body, padding: Vec::new() });
    let value = |octets| chap::Body::Value { value: vec![0; octets], name: b"nycmesh".to_vec() };
    talk.packet(Supernode, packet(chap::Code::Challenge, value(16)));
    talk.packet(Client, packet(chap::Code::Response, value(49)));
    let message = b"S=6C557FE35B53F958D8229015EB750842601BFAFA M=Access granted".to_vec();
    talk.packet(Supernode, packet(chap::Code::Success, chap::Body::Message(message)));
}

/// Opens IPCP and IPV6CP, and lets CCP be rejected.
pub(in crate::rule) fn negotiate_ip(talk: &mut Talk) {
    let wanted = |address: [u8; 4], server: [u8; 4]| {
        vec![
            ipcp::Option::IpAddress(address.into()),
            ipcp::Option::PrimaryDnsAddress(server.into()),
            ipcp::Option::SecondaryDnsAddress(server.into()),
        ]
    };
    let gateway = || vec![ipcp::Option::IpAddress(GATEWAY.into())];
    talk.packet(Client, ipcp_packet(Code::ConfigureRequest, 1, wanted([0; 4], [0; 4])));
    talk.packet(Supernode, ipcp_packet(Code::ConfigureRequest, 1, gateway()));
    talk.packet(Supernode, ipcp_packet(Code::ConfigureNak, 1, wanted(ADDRESS, NAME_SERVER)));
    talk.packet(Client, ipcp_packet(Code::ConfigureAck, 1, gateway()));
    talk.packet(Client, ipcp_packet(Code::ConfigureRequest, 2, wanted(ADDRESS, NAME_SERVER)));
    talk.packet(Supernode, ipcp_packet(Code::ConfigureAck, 2, wanted(ADDRESS, NAME_SERVER)));
    let identifiers = [[4; 8], [8; 8]];
    for role in [Client, Supernode] {
        talk.packet(role, ipv6cp_packet(Code::ConfigureRequest, 1, identifiers[role as usize]));
    }
    for role in [Client, Supernode] {
        talk.packet(role, ipv6cp_packet(Code::ConfigureAck, 1, identifiers[!role as usize]));
    }
    let encryption = vec![ccp::Option::Mppe(ccp::SupportedBits(0x0100_0060))];
    let body = Body::Options(encryption);
    let ask = Packet { code: Code::ConfigureRequest, identifier: 1, body, padding: Vec::new() };
    talk.packet(Client, Control::Ccp(ask));
    let body = Body::RejectedProtocol { protocol: Protocol::Ccp, information: Vec::new() };
    talk.packet(Supernode, lcp_packet(Code::ProtocolReject, 2, body));
}

fn echo(talk: &mut Talk, asker: Role, identifier: u8) {
    for (sender, code) in [(asker, Code::EchoRequest), (!asker, Code::EchoReply)] {
        let body = Body::Echo { magic_number: MAGIC[sender as usize], data: Vec::new() };
        talk.packet(sender, lcp_packet(code, identifier, body));
    }
}

fn terminate(talk: &mut Talk) {
    talk.packet(Client, lcp_packet(Code::TerminateRequest, 3, Body::Data(b"User request".to_vec())));
    talk.packet(Supernode, lcp_packet(Code::TerminateAck, 3, Body::Data(Vec::new())));
}

/// A link up to its orderly end, the session still up.
pub(in crate::rule) fn good() -> Talk {
    let mut talk = Talk::default();
    talk.open();
    authenticate(&mut talk);
    echo(&mut talk, Supernode, 0);
    echo(&mut talk, Client, 0);
    negotiate_ip(&mut talk);
    for role in [Client, Supernode] {
        talk.ipv4(role, |ip| ip.total_length = 1400, None);
        talk.ppp(role, Protocol::Ipv6, vec![]);
    }
    terminate(&mut talk);
    talk
}

/// A whole connection: tunnel, session, link, routing, and the end of all.
pub(in crate::rule) fn whole() -> Talk {
    let mut talk = Talk::default();
    talk.open();
    authenticate(&mut talk);
    echo(&mut talk, Supernode, 0);
    negotiate_ip(&mut talk);
    talk.ipv4(Client, |ip| ip.total_length = 1400, None);
    ospf::tests::route(&mut talk);
    talk.hello(Supernode);
    echo(&mut talk, Client, 1);
    terminate(&mut talk);
    talk.close();
    talk
}
