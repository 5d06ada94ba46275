//! Ends of L2TP and a link between them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use l2tpspec_protocol::l2tp::{
    Command, Config, DataHabit, Datagram, Event, L2tp, Messages, Numbers, Path, ResultForm, SessionId,
    TunnelId,
};
use l2tpspec_protocol::time::Instant;

use crate::support::pair::{Pair, Side};

pub(super) const fn at(host: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), 1701)
}

pub(super) const CLIENT: Path = Path { local: at(2), peer: at(1), link: 1 };

pub(crate) fn config(host_name: &str) -> Config {
    Config {
        messages: Messages::xl2tpd(b"xelerance.com", 0x0690),
        host_name: host_name.as_bytes().to_vec(),
        receive_window: 4,
        secret: None,
        challenge_octets: None,
        hello: Some(Duration::from_secs(60)),
        retransmission: Config::RECOMMENDED_RETRANSMISSION.to_vec(),
        acknowledgment_delay: Duration::ZERO,
        ids: Numbers::Random,
        call_serial_numbers: Numbers::Sequential,
        result_text: Vec::new(),
        hangup_result: 3,
        result_form: ResultForm::WithError,
        data: DataHabit::default(),
        accepts_tunnels: true,
        half_open_limit: 10,
    }
}

pub(super) fn crossed(datagram: Datagram) -> Datagram {
    let Datagram { path: Path { local, peer, link }, octets } = datagram;
    Datagram { path: Path { local: peer, peer: local, link }, octets }
}

/// Two ends over a link on which each datagram arrives as often, and as much later, as `fate` says.
pub(super) fn joined(
    client: Config,
    supernode: Config,
    mut fate: impl FnMut(Side, usize) -> Vec<Duration> + 'static,
) -> Pair<L2tp> {
    let mut pair = Pair::new(L2tp::new(client), L2tp::new(supernode));
    pair.link = Box::new(move |side, number, datagram| {
        let arrives = crossed(datagram);
        fate(side, number).into_iter().map(|delay| (delay, arrives.clone())).collect()
    });
    pair
}

pub(super) fn pair(client: Config, supernode: Config) -> Pair<L2tp> {
    joined(client, supernode, |_, _| vec![Duration::ZERO])
}

pub(super) fn open(pair: &mut Pair<L2tp>) {
    pair.command(Side::Left, Command::Open { path: CLIENT });
}

pub(super) fn tunnels(events: &[(Instant, Event)]) -> Vec<TunnelId> {
    let up = |(_, event): &(Instant, Event)| match event {
        Event::TunnelUp { tunnel, .. } => Some(*tunnel),
        _ => None,
    };
    events.iter().filter_map(up).collect()
}

pub(super) fn sessions(events: &[(Instant, Event)]) -> Vec<SessionId> {
    let up = |(_, event): &(Instant, Event)| match event {
        Event::SessionUp { session, .. } => Some(*session),
        _ => None,
    };
    events.iter().filter_map(up).collect()
}

/// Whether both ends have one tunnel with one session.
pub(super) fn assert_up(pair: &Pair<L2tp>, context: &str) {
    for end in [&pair.left, &pair.right] {
        assert_eq!(end.layer.tunnels().count(), 1, "{context}: {:?}", end.events);
        assert_eq!(end.layer.sessions().count(), 1, "{context}: {:?}", end.events);
        assert_eq!((tunnels(&end.events).len(), sessions(&end.events).len()), (1, 1), "{context}");
    }
}
