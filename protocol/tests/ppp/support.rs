//! Ends of PPP and a link between them.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use l2tpspec_protocol::ppp::{
    Authentication, Command, Compression, Config, Event, Frame, Ipcp, IpcpRequest, LcpRequest, LinkId,
    Method, Pool, Ppp, RefusalHabit, Secret, Timers,
};
use l2tpspec_protocol::time::Instant;

use crate::support::pair::{Pair, Side};

pub(super) const LINK: LinkId = LinkId(7);

pub(super) fn secret(client: &str, server: Option<&str>, secret: &str) -> Secret {
    Secret {
        client: client.as_bytes().to_vec(),
        server: server.map(|server| server.as_bytes().to_vec()),
        secret: secret.as_bytes().to_vec(),
    }
}

/// What pppd asks for as a client.
pub(crate) fn client(does: &[Method]) -> Config {
    Config {
        lcp: vec![
            LcpRequest::MaximumReceiveUnit(1400),
            LcpRequest::AsyncControlCharacterMap(0),
            LcpRequest::MagicNumber,
            LcpRequest::ProtocolFieldCompression,
            LcpRequest::AddressAndControlFieldCompression,
        ],
        first_identifier: 1,
        timers: Timers::default(),
        is_passive: false,
        address_and_control: Compression::WhereAllowed,
        protocol_field: Compression::WhereAllowed,
        grants_compression: true,
        echo: None,
        authentication: Authentication {
            refusal: RefusalHabit::default(),
            asks: vec![],
            does: does.to_vec(),
            name: b"nycmesh".to_vec(),
            remote_name: None,
            secrets: vec![secret("nycmesh", None, "nycmeshnet")],
            again: None,
            retry: Duration::from_secs(3),
            tries: 10,
        },
        ipcp: Some(Ipcp {
            requests: vec![
                IpcpRequest::Address(Ipv4Addr::UNSPECIFIED),
                IpcpRequest::PrimaryDns,
                IpcpRequest::SecondaryDns,
            ],
            accepts_peer_address: true,
            ..Ipcp::default()
        }),
        has_ipv6: true,
        ccp: None,
        identification: Vec::new(),
        terminate_data: b"User request".to_vec(),
    }
}

pub(super) const OWN: Ipv4Addr = Ipv4Addr::new(10, 70, 72, 1);
pub(super) const FIRST: Ipv4Addr = Ipv4Addr::new(10, 70, 72, 10);
pub(super) const DNS: Ipv4Addr = Ipv4Addr::new(10, 10, 10, 10);

/// What pppd asks for as a server.
pub(crate) fn server(asks: &[Method]) -> Config {
    let base = client(&[]);
    Config {
        lcp: vec![
            LcpRequest::MaximumReceiveUnit(1400),
            LcpRequest::AsyncControlCharacterMap(0),
            LcpRequest::Authentication,
            LcpRequest::MagicNumber,
        ],
        authentication: Authentication {
            refusal: RefusalHabit::default(),
            asks: asks.to_vec(),
            name: b"sn1".to_vec(),
            ..base.authentication.clone()
        },
        ipcp: Some(Ipcp {
            requests: vec![IpcpRequest::Address(OWN)],
            pool: Some(Pool { first: FIRST, last: Ipv4Addr::new(10, 70, 72, 250) }),
            dns: [Some(DNS), None],
            ..Ipcp::default()
        }),
        ..base
    }
}

/// Two ends over a link on which each frame arrives as often, and as much later, as `fate` says.
pub(super) fn joined(
    client: Config,
    server: Config,
    mut fate: impl FnMut(Side, usize) -> Vec<Duration> + 'static,
) -> Pair<Ppp> {
    let mut pair = Pair::new(Ppp::new(), Ppp::new());
    pair.link = Box::new(move |side, number, frame: Frame| {
        fate(side, number).into_iter().map(|delay| (delay, frame.clone())).collect()
    });
    pair.command(Side::Right, Command::Up { link: LINK, config: Arc::new(server) });
    pair.command(Side::Left, Command::Up { link: LINK, config: Arc::new(client) });
    pair
}

pub(super) fn pair(client: Config, server: Config) -> Pair<Ppp> {
    joined(client, server, |_, _| vec![Duration::ZERO])
}

/// The addresses that IPCP has agreed on last, ours first, and what is still up.
pub(super) fn addresses(events: &[(Instant, Event)]) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let mut addresses = None;
    for (_, event) in events {
        if let Event::IpcpUp { own, peer, .. } = event {
            addresses = Some((*own, *peer));
        } else if matches!(event, Event::IpcpDown { .. } | Event::LinkDown { .. }) {
            addresses = None;
        }
    }
    addresses
}

pub(super) fn assert_up(pair: &Pair<Ppp>, context: &str) {
    let (left, right) = (addresses(&pair.left.events), addresses(&pair.right.events));
    assert_eq!(left, Some((FIRST, OWN)), "{context}: {:?}", pair.left.events);
    assert_eq!(right, Some((OWN, FIRST)), "{context}: {:?}", pair.right.events);
}
