//! Handshakes that were recorded: with its draws laid down, the reference says what was said, octet by octet.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::Value;

use l2tpspec_protocol::cx::{Cx, KeyLog, Secret};
use l2tpspec_protocol::entropy::{Scripted, Seeded};
use l2tpspec_protocol::isakmp::policy::Lifetime;
use l2tpspec_protocol::isakmp::wire::{
    EncryptionAlgorithm, Group, HashAlgorithm, Id, IdType, Known, VendorId,
};
use l2tpspec_protocol::isakmp::{
    Command, Config, Datagram, Event, InitialContact, Isakmp, OwnIdentity, Padding,
};
use l2tpspec_protocol::layer::{Input, Layer, Output};
use l2tpspec_protocol::time::Instant;

use super::support::config;
use crate::support::{digits, hex, hex_field, text};

const INITIATOR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 3, 1)), 500);
const RESPONDER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 3, 10)), 500);

/// The end that RUB-NDS's state machine extractor plays.
fn rub_nds() -> Config {
    let base = config(Group::Modp1024);
    let mut suite = base.phase1_offer.suites[0];
    (suite.key_length, suite.hash) = (Some(128), HashAlgorithm::Sha1);
    suite.encryption = EncryptionAlgorithm::AesCbc;
    let mut config = base;
    config.phase1_offer.proposal_number = 0;
    config.phase1_offer.first_transform = 0;
    config.phase1_offer.lifetime = Lifetime::seconds(28_800);
    config.phase1_offer.suites = vec![suite];
    config.pre_shared_keys[0].key = b"AAAA".to_vec();
    config.identity =
        OwnIdentity::Other(Id { id_type: IdType::Ipv4Addr, protocol: 0, port: 0, data: vec![10, 0, 3, 1] });
    config.vendor_ids = Vec::new();
    config.nat_traversal = None;
    config.dead_peer_detection = None;
    config.initial_contact = InitialContact::Never;
    config.padding = Padding::Least;
    config.nonce_octets = 8;
    config.private_octets = 128;
    config
}

/// Keeps the last cipher key.
#[derive(Default)]
struct CipherKey(Vec<u8>);

impl KeyLog for CipherKey {
    fn log(&mut self, secret: Secret<'_>) {
        if let Secret::IsakmpSa { key, .. } = secret {
            self.0 = key.to_vec();
        }
    }
}

struct End {
    layer: Isakmp,
    script: Scripted<Seeded>,
    key: CipherKey,
}

impl End {
    /// Gives an input, and returns the messages and events that come of it.
    fn input(
        &mut self,
        input: Input<Datagram, std::convert::Infallible, Command>,
    ) -> (Vec<Vec<u8>>, Vec<Event>) {
        let mut cx = Cx { now: Instant::START, entropy: &mut self.script, key_log: &mut self.key };
        self.layer.handle_input(&mut cx, input);
        let (mut sent, mut events) = (Vec::new(), Vec::new());
        while let Some(output) = self.layer.poll_output() {
            match output {
                Output::ToBelow(Datagram::Message { octets, .. }) => sent.push(octets),
                Output::ToBelow(Datagram::Keepalive { .. }) => {}
                Output::Event(event) => events.push(event),
                Output::ToAbove(never) => match never {},
            }
        }
        (sent, events)
    }
}

fn recording() -> (Value, Vec<Vec<u8>>) {
    let all: Value = serde_json::from_str(include_str!("../vectors/rubnds_ikev1_handshakes.json")).unwrap();
    let recording = all["main_psk"].clone();
    let messages = recording["messages"].as_array().unwrap();
    let raw = messages.iter().map(|message| hex_field(message, "raw")).collect();
    (recording, raw)
}

#[test]
fn the_initiator_of_main_mode_says_what_rub_nds_said() {
    let (recording, raw) = recording();
    let script = Scripted::new(Seeded::new(b"recorded"))
        .then("isakmp.cookie", &hex_field(&recording, "CKY_I"))
        .then("isakmp.dh_private", &hex_field(&recording, "x_i"))
        .then("isakmp.nonce", &hex_field(&recording, "Ni"));
    let mut end = End { layer: Isakmp::new(rub_nds()), script, key: CipherKey::default() };
    let arrives = |octets: &[u8]| {
        Input::FromBelow(Datagram::Message { local: INITIATOR, peer: RESPONDER, octets: octets.to_vec() })
    };
    let (first, _) = end.input(Input::Command(Command::Connect { local: INITIATOR, peer: RESPONDER }));
    assert_eq!(digits(&first[0]), digits(&raw[0]));
    let (third, _) = end.input(arrives(&raw[1]));
    assert_eq!(digits(&third[0]), digits(&raw[2]));
    let (fifth, _) = end.input(arrives(&raw[3]));
    assert_eq!(digits(&fifth[0]), digits(&raw[4]));
    assert_eq!(digits(&end.key.0), text(&recording, "enc_key"));
    let (quick_mode, events) = end.input(arrives(&raw[5]));
    assert!(matches!(events[..], [Event::Phase1Established { .. }]), "{events:?}");
    assert_eq!(quick_mode.len(), 1);
    assert_eq!(end.script.left(), 0, "every draw that was laid down was made");
}

/// strongSwan's answer to the first message. It numbers the transform anew, which we do not (ISAKMP-2408-4.2-c).
#[test]
fn the_responder_of_main_mode_says_what_strongswan_said_but_for_a_number() {
    let (recording, raw) = recording();
    let mut supernode = rub_nds();
    supernode.phase1_acceptance.as_mut().unwrap().suites = supernode.phase1_offer.suites.clone();
    supernode.vendor_ids = [Known::Xauth, Known::Dpd].map(|known| VendorId::of(known).unwrap()).to_vec();
    let script =
        Scripted::new(Seeded::new(b"recorded")).then("isakmp.cookie", &hex_field(&recording, "CKY_R"));
    let mut end = End { layer: Isakmp::new(supernode), script, key: CipherKey::default() };
    let octets = raw[0].clone();
    let input = Input::FromBelow(Datagram::Message { local: RESPONDER, peer: INITIATOR, octets });
    let (second, _) = end.input(input);
    let mut expected = raw[1].clone();
    let number = 28 + 4 + 8 + 8 + 4;
    assert_eq!(expected[number], 1);
    expected[number] = 0;
    assert_eq!(digits(&second[0]), digits(&expected));
    assert_eq!(hex(&digits(&second[0])).len(), 116);
}
