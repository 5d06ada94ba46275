//! Ends of IKEv1 that like each other, and a link between them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use l2tpspec_protocol::isakmp::policy::{
    Encoding, Lifetime, LifetimePolicy, Phase1Acceptance, Phase1Offer, Phase1Suite, Phase2Acceptance,
    Phase2Offer, Phase2Suite, Preference, Structure,
};
use l2tpspec_protocol::isakmp::wire::{
    AuthenticationAlgorithm, EncryptionAlgorithm, EspTransform, Group, HashAlgorithm, Known, VendorId,
};
use l2tpspec_protocol::isakmp::{
    Child, Command, Config, Datagram, DeadPeerDetection, Event, InitialContact, Isakmp, MessageIds, Mode,
    NatMethod, NatTraversal, OwnIdentity, Padding, PreSharedKey, Rekey, SaId,
};

use crate::support::pair::{Pair, Side};

pub(super) const CLIENT: SocketAddr = at(2, 500);
pub(super) const SUPERNODE: SocketAddr = at(1, 500);

pub(super) const fn at(host: u8, port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), port)
}

pub(super) const fn suite(group: Group) -> Phase1Suite {
    Phase1Suite::psk(EncryptionAlgorithm::AesCbc, Some(256), HashAlgorithm::Sha1, group)
}

pub(super) const ESP: Phase2Suite = Phase2Suite {
    transform: EspTransform::AesCbc,
    key_length: Some(256),
    authentication: Some(AuthenticationAlgorithm::HmacSha),
};

pub(crate) fn config(group: Group) -> Config {
    let (hour, three_hours) = (Lifetime::seconds(3600), Lifetime::seconds(10_800));
    let known = [Known::Xauth, Known::Dpd, Known::Rfc3947, Known::NatTDraft02Newline];
    Config {
        mode: Mode::Main,
        phase1_offer: Phase1Offer {
            proposal_number: 1,
            first_transform: 1,
            order: Phase1Offer::ENCRYPTION_FIRST.to_vec(),
            lifetime: three_hours,
            encoding: Encoding::Shortest,
            suites: vec![suite(group)],
        },
        phase1_acceptance: Some(Phase1Acceptance {
            suites: vec![suite(group)],
            preference: Preference::Peer,
            lifetime: three_hours,
            lifetime_policy: LifetimePolicy::Obey,
            rewriting: None,
        }),
        phase2_offer: Phase2Offer {
            structure: Structure::OneProposal,
            first_proposal: 1,
            first_transform: 1,
            order: Phase2Offer::STRONGSWAN.to_vec(),
            lifetime: hour,
            encoding: Encoding::Shortest,
            group: None,
            suites: vec![ESP],
        },
        answers_strangers: true,
        editor: l2tpspec_protocol::isakmp::Editor::default(),
        phase2_acceptance: Some(Phase2Acceptance {
            suites: vec![ESP],
            preference: Preference::Peer,
            groups: vec![None, Some(Group::Modp1024)],
            lifetime: hour,
            lifetime_policy: LifetimePolicy::Obey,
            rewriting: None,
        }),
        pre_shared_keys: vec![PreSharedKey { peer: None, key: b"nycmeshnet".to_vec() }],
        identity: OwnIdentity::Address { protocol: 0, port: 0 },
        vendor_ids: known.map(|known| VendorId::of(known).expect("a fixed vendor ID")).to_vec(),
        nat_traversal: Some(NatTraversal {
            methods: vec![NatMethod::Rfc3947, NatMethod::Draft02Newline],
            keepalive: Duration::from_secs(20),
            sends_original_addresses: true,
        }),
        nonce_octets: 32,
        private_octets: 32,
        initial_contact: InitialContact::InPhase1,
        dead_peer_detection: Some(DeadPeerDetection {
            interval: None,
            retry: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
        }),
        retransmission: [1, 2, 4].map(Duration::from_secs).to_vec(),
        message_ids: MessageIds::Random,
        padding: Padding::AtLeastOne,
        cuts_sha256_to_96: false,
        own_port: 1701,
        peer_port: 1701,
        fragment_octets: None,
        rekey: Rekey { phase1_margin: None, phase2_margin: None, overlap: Duration::from_secs(5) },
        sends_deletes: true,
        half_open_limit: 10,
    }
}

/// A link between the two, on which the left end has the address of the client. Behind a translator, the right end sees
/// another address and port of it.
pub(super) fn crossed(datagram: Datagram, from: Side, nat: Option<SocketAddr>) -> Datagram {
    let cross = |local: SocketAddr, peer: SocketAddr| match (from, nat) {
        (Side::Left, Some(outside)) => {
            let port = if local.port() == 4500 { outside.port() + 1 } else { outside.port() };
            (peer, SocketAddr::new(outside.ip(), port))
        }
        (Side::Right, Some(outside)) => {
            let port = if peer.port() == outside.port() + 1 { 4500 } else { 500 };
            (SocketAddr::new(CLIENT.ip(), port), local)
        }
        (_, None) => (peer, local),
    };
    match datagram {
        Datagram::Message { local, peer, octets } => {
            let (local, peer) = cross(local, peer);
            Datagram::Message { local, peer, octets }
        }
        Datagram::Keepalive { local, peer } => {
            let (local, peer) = cross(local, peer);
            Datagram::Keepalive { local, peer }
        }
    }
}

/// Two ends, joined.
pub(super) fn pair(client: Config, supernode: Config) -> Pair<Isakmp> {
    joined(client, supernode, None, |_, _| vec![Duration::ZERO])
}

/// Two ends over a link on which each datagram arrives as often, and as much later, as `fate` says.
pub(super) fn joined(
    client: Config,
    supernode: Config,
    nat: Option<SocketAddr>,
    mut fate: impl FnMut(Side, usize) -> Vec<Duration> + 'static,
) -> Pair<Isakmp> {
    let mut pair = Pair::new(Isakmp::new(client), Isakmp::new(supernode));
    pair.link = Box::new(move |side, number, datagram| {
        let arrives = crossed(datagram, side, nat);
        fate(side, number).into_iter().map(|delay| (delay, arrives.clone())).collect()
    });
    pair
}

pub(super) fn connect(pair: &mut Pair<Isakmp>) {
    pair.command(Side::Left, Command::Connect { local: CLIENT, peer: SUPERNODE });
}

/// The pairs of ESP SAs that an end was told of.
pub(super) fn children(events: &[(l2tpspec_protocol::time::Instant, Event)]) -> Vec<Child> {
    events
        .iter()
        .filter_map(
            |(_, event)| {
                if let Event::ChildEstablished(child) = event { Some((**child).clone()) } else { None }
            },
        )
        .collect()
}

/// The ISAKMP SAs that an end was told of.
pub(super) fn standing(events: &[(l2tpspec_protocol::time::Instant, Event)]) -> Vec<SaId> {
    events
        .iter()
        .filter_map(
            |(_, event)| if let Event::Phase1Established { sa, .. } = event { Some(*sa) } else { None },
        )
        .collect()
}

/// Whether both ends have one pair of ESP SAs, with the same keys in opposite directions.
pub(super) fn assert_joined(pair: &Pair<Isakmp>, context: &str) {
    let (left, right) = (children(&pair.left.events), children(&pair.right.events));
    let events = (&pair.left.events, &pair.right.events);
    assert_eq!((left.len(), right.len()), (1, 1), "{context}: {events:?}");
    assert!(left[0].inbound == right[0].outbound && left[0].outbound == right[0].inbound, "{context}");
    assert_eq!(left[0].own_selector, right[0].peer_selector, "{context}");
    assert_eq!(left[0].is_encapsulated, right[0].is_encapsulated, "{context}");
}
