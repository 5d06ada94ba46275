//! The reference against itself in the virtual world: clients behind translators, a supernode, and pings through the tunnel.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use l2tpspec::endpoint::Endpoint;
use l2tpspec::world::link::Conditions;
use l2tpspec::world::nat::{Nat, NatConfig, Outside};
use l2tpspec::world::station::StationId;
use l2tpspec::world::user::Ping;
use l2tpspec::world::{HostId, World};
use l2tpspec_protocol::isakmp::policy::{
    Encoding, Lifetime, LifetimePolicy, Phase1Acceptance, Phase1Offer, Phase1Suite, Phase2Acceptance,
    Phase2Offer, Phase2Suite, Preference, Structure,
};
use l2tpspec_protocol::isakmp::wire::{
    AuthenticationAlgorithm, EncryptionAlgorithm, EspTransform, Group, HashAlgorithm, Known, VendorId,
};
use l2tpspec_protocol::stack::{Command, Config, Role};
use l2tpspec_protocol::{isakmp, l2tp, ppp};

use crate::world::{connect, default_route, ip};

fn ike() -> isakmp::Config {
    let (aes, sha) = (EncryptionAlgorithm::AesCbc, HashAlgorithm::Sha1);
    let suite = Phase1Suite::psk(aes, Some(256), sha, Group::Modp1024);
    let esp = Phase2Suite {
        transform: EspTransform::AesCbc,
        key_length: Some(256),
        authentication: Some(AuthenticationAlgorithm::HmacSha),
    };
    let (preference, lifetime_policy) = (Preference::Peer, LifetimePolicy::Obey);
    let (eight_hours, hour) = (Lifetime::seconds(28_800), Lifetime::seconds(3600));
    isakmp::Config {
        mode: isakmp::Mode::Main,
        phase1_offer: Phase1Offer {
            proposal_number: 1,
            first_transform: 1,
            order: Phase1Offer::ENCRYPTION_FIRST.to_vec(),
            lifetime: eight_hours,
            encoding: Encoding::Shortest,
            suites: vec![suite],
        },
        phase1_acceptance: Some(Phase1Acceptance {
            suites: vec![suite],
            preference,
            lifetime: eight_hours,
            lifetime_policy,
        }),
        phase2_offer: Phase2Offer {
            structure: Structure::OneProposal,
            first_proposal: 1,
            first_transform: 1,
            order: Phase2Offer::STRONGSWAN.to_vec(),
            lifetime: hour,
            encoding: Encoding::Shortest,
            group: None,
            suites: vec![esp],
        },
        phase2_acceptance: Some(Phase2Acceptance {
            suites: vec![esp],
            preference,
            groups: vec![None],
            lifetime: hour,
            lifetime_policy,
        }),
        pre_shared_keys: vec![isakmp::PreSharedKey { peer: None, key: b"nycmeshnet".to_vec() }],
        identity: isakmp::OwnIdentity::Address { protocol: 0, port: 0 },
        vendor_ids: [Known::Dpd, Known::Rfc3947].iter().filter_map(|known| VendorId::of(*known)).collect(),
        nat_traversal: Some(isakmp::NatTraversal {
            methods: vec![isakmp::NatMethod::Rfc3947],
            keepalive: Duration::from_secs(20),
            sends_original_addresses: true,
        }),
        nonce_octets: 32,
        private_octets: 32,
        initial_contact: isakmp::InitialContact::Never,
        dead_peer_detection: None,
        retransmission: isakmp::Config::STRONGSWAN_RETRANSMISSION.to_vec(),
        message_ids: isakmp::MessageIds::Random,
        padding: isakmp::Padding::AtLeastOne,
        cuts_sha256_to_96: false,
        own_port: 1701,
        peer_port: 1701,
        fragment_octets: None,
        rekey: isakmp::Rekey { phase1_margin: None, phase2_margin: None, overlap: Duration::from_secs(5) },
        sends_deletes: true,
        half_open_limit: 100,
    }
}

fn config(is_client: bool) -> Config {
    use ppp::{IpcpRequest as Ask, LcpRequest, Method};
    let secret = ppp::Secret { client: b"nycmesh".to_vec(), server: None, secret: b"nycmeshnet".to_vec() };
    let methods = vec![Method::MsChapV2];
    let mut lcp = vec![LcpRequest::MaximumReceiveUnit(1400), LcpRequest::MagicNumber];
    lcp.extend((!is_client).then_some(LcpRequest::Authentication));
    let pool = ppp::Pool { first: ip(70, 72, 10), last: ip(70, 72, 250) };
    let ipcp = if is_client {
        let requests = vec![Ask::Address(Ipv4Addr::UNSPECIFIED), Ask::PrimaryDns];
        ppp::Ipcp { requests, accepts_peer_address: true, ..ppp::Ipcp::default() }
    } else {
        let dns = [Some(ip(10, 10, 10)), None];
        ppp::Ipcp {
            requests: vec![Ask::Address(ip(70, 72, 1))],
            pool: Some(pool),
            dns,
            ..ppp::Ipcp::default()
        }
    };
    let authentication = ppp::Authentication {
        asks: if is_client { Vec::new() } else { methods.clone() },
        does: if is_client { methods } else { Vec::new() },
        name: if is_client { b"nycmesh".to_vec() } else { b"sn1".to_vec() },
        remote_name: None,
        secrets: vec![secret],
        again: None,
        retry: Duration::from_secs(3),
        tries: 10,
    };
    Config {
        role: if is_client { Role::Client { restart: None } } else { Role::Supernode },
        isakmp: Some(ike()),
        l2tp: l2tp::Config {
            messages: l2tp::Messages::xl2tpd(b"xelerance.com", 0x0690),
            host_name: if is_client { b"client".to_vec() } else { b"sn1".to_vec() },
            receive_window: 4,
            secret: None,
            challenge_octets: None,
            hello: Some(Duration::from_secs(60)),
            retransmission: l2tp::Config::RECOMMENDED_RETRANSMISSION.to_vec(),
            acknowledgment_delay: Duration::ZERO,
            ids: l2tp::Numbers::Random,
            call_serial_numbers: l2tp::Numbers::Sequential,
            result_form: l2tp::ResultForm::WithError,
            data: l2tp::DataHabit::default(),
            accepts_tunnels: !is_client,
            half_open_limit: 100,
        },
        ppp: Arc::new(ppp::Config {
            lcp,
            first_identifier: 1,
            timers: ppp::Timers::default(),
            is_passive: false,
            address_and_control: ppp::Compression::Never,
            protocol_field: ppp::Compression::Never,
            grants_compression: true,
            echo: None,
            authentication,
            ipcp: Some(ipcp),
            has_ipv6: false,
            ccp: None,
            terminate_data: Vec::new(),
        }),
        l2tp_port: 1701,
        interface_mtu: None,
        replay_window: Some(64),
    }
}

const SUPERNODE: Ipv4Addr = ip(3, 0, 2);
const THROUGH: Ipv4Addr = ip(70, 72, 1);

struct Net {
    world: World,
    clients: [(HostId, StationId); 2],
    nat: HostId,
}

/// Two clients, 10.1.0.1 and 10.1.1.1, behind a router that may translate; behind another router the supernode.
fn net(translates: bool, conditions: Conditions) -> Net {
    let mut world = World::new(b"endpoint");
    let clients = [world.add_host(), world.add_host()];
    let (nat, router, supernode) = (world.add_router(), world.add_router(), world.add_host());
    let mut inside = Vec::new();
    for (client, network) in clients.into_iter().zip(0..) {
        let link = connect(&mut world, [client, nat], (1, network), Conditions::default());
        default_route(&mut world, client, link.interfaces[0]);
        inside.push(link);
    }
    let wan = connect(&mut world, [nat, router], (2, 0), conditions);
    let last = connect(&mut world, [router, supernode], (3, 0), Conditions::default());
    default_route(&mut world, nat, wan.interfaces[0]);
    default_route(&mut world, router, wan.interfaces[1]);
    default_route(&mut world, supernode, last.interfaces[1]);
    if translates {
        world.host_mut(nat).set_nat(Nat::new(NatConfig::new(Outside::Interface(wan.interfaces[0]))));
    }
    world.add_station(supernode, Endpoint::new(config(false)));
    let stations = clients.map(|client| (client, world.add_station(client, Endpoint::new(config(true)))));
    Net { world, clients: stations, nat }
}

impl Net {
    fn command(&mut self, client: usize, command: Command) {
        let (host, station) = self.clients[client];
        let did = self.world.with_station(host, station, |endpoint: &mut Endpoint, cx| {
            endpoint.command(cx, command);
        });
        assert_eq!(did, Some(()));
    }

    fn connect(&mut self, client: usize) {
        let local = ip(1, u8::try_from(client).unwrap(), 1).into();
        self.command(client, Command::Connect { local, peer: SUPERNODE.into() });
    }

    fn run(&mut self, seconds: u64) {
        self.world.run_for(Duration::from_secs(seconds)).expect("no live-lock");
    }

    /// How many of three pings of 1372 octets, datagrams of 1400, come back through the tunnel.
    fn replies(&mut self, client: usize) -> usize {
        let ping = Ping { data_octets: 1372, dont_fragment: true, ..Ping::new(THROUGH) };
        let id = self.world.ping(self.clients[client].0, ping);
        self.run(10);
        self.world.ping_report(self.clients[client].0, id).expect("a report").replies.len()
    }
}

#[test]
fn a_client_reaches_through_the_tunnel_directly_and_behind_a_translator() {
    for translates in [false, true] {
        let mut net = net(translates, Conditions::default());
        net.connect(0);
        net.run(5);
        assert_eq!(net.replies(0), 3, "translated: {translates}");
        net.command(0, Command::Disconnect);
        net.run(40);
        assert_eq!(net.replies(0), 0, "after the end nothing goes through");
    }
}

#[test]
fn two_clients_behind_one_translator_do_not_disturb_each_other() {
    let mut net = net(true, Conditions::default());
    net.connect(0);
    net.connect(1);
    net.run(5);
    assert_eq!((net.replies(0), net.replies(1)), (3, 3));
    net.command(1, Command::Disconnect);
    net.run(5);
    assert_eq!((net.replies(0), net.replies(1)), (3, 0));
}

#[test]
fn a_translator_that_forgets_breaks_no_tunnel() {
    let mut net = net(true, Conditions::default());
    net.connect(0);
    net.run(5);
    assert_eq!(net.replies(0), 3);
    net.world.host_mut(net.nat).nat_mut().expect("a translator").rebind();
    assert_eq!(net.replies(0), 3);
}
