//! The ESP layer: two ends whose links exchange packets (RFC 4303 section 3).

use std::net::{IpAddr, Ipv4Addr};

use l2tpspec_protocol::cx::{Cx, NoKeyLog};
use l2tpspec_protocol::entropy::Seeded;
use l2tpspec_protocol::esp::replay_window::Verdict;
use l2tpspec_protocol::esp::{
    Arrival, Encryption, Esp, Event, Integrity, Pair, Path, Ports, Received, Refused, Sa, Violation,
};
use l2tpspec_protocol::packet::Packet;
use l2tpspec_protocol::time::Instant;

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const SUPERNODE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const UDP: u8 = 17;

const fn path(ports: Option<Ports>) -> Path {
    Path { local: SUPERNODE, peer: CLIENT, ports }
}

fn sa(spi: u32) -> Sa {
    let octet = spi.to_be_bytes()[3];
    Sa::new(spi, Encryption::AesCbc, &[octet; 32], Integrity::HmacSha1_96, &[octet; 20]).unwrap()
}

/// A link's pair: `inbound` and `outbound` are SPIs.
fn pair(link: u32, inbound: u32, outbound: u32) -> Pair {
    Pair {
        link,
        path: path(None),
        inbound: sa(inbound),
        outbound: sa(outbound),
        replay_window: Some(64),
        volume_octets: None,
    }
}

struct End {
    esp: Esp,
    entropy: Seeded,
}

impl End {
    fn new(pairs: impl IntoIterator<Item = Pair>) -> Self {
        let mut esp = Esp::default();
        pairs.into_iter().for_each(|pair| esp.install(pair));
        Self { esp, entropy: Seeded::new(b"esp") }
    }

    fn seal(&mut self, link: u32, payload: &[u8]) -> Packet {
        self.seal_as(link, UDP, payload)
    }

    fn seal_as(&mut self, link: u32, next_header: u8, payload: &[u8]) -> Packet {
        let mut packet = Packet::new(payload);
        let mut cx = Cx { now: Instant::START, entropy: &mut self.entropy, key_log: &mut NoKeyLog };
        self.esp.seal(&mut cx, link, next_header, &mut packet).expect("a link with an SA");
        packet
    }

    fn open(&mut self, packet: &Packet) -> (Option<Received>, Vec<u8>) {
        let mut packet = packet.clone();
        let received = self.esp.open(path(None), &mut packet);
        (received, packet.octets().to_vec())
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.esp.poll_event()).collect()
    }

    fn discards(&mut self) -> Vec<Violation> {
        let why = |event| match event {
            Event::Discarded { why, .. } => Some(why),
            Event::FirstOpened { .. }
            | Event::PeerMoved { .. }
            | Event::VolumeReached { .. }
            | Event::SequenceNumbersUsedUp { .. } => None,
        };
        self.events().into_iter().filter_map(why).collect()
    }
}

/// ESP-4303-3.3.3-a.
#[test]
fn packets_count_from_one_and_come_out_as_they_went_in() {
    let (mut left, mut right) = (End::new([pair(1, 0x101, 0x201)]), End::new([pair(9, 0x201, 0x101)]));
    for number in 1..=3_u8 {
        let sealed = left.seal(1, &[number; 33]);
        assert_eq!(sealed.octets()[..8], [0, 0, 2, 1, 0, 0, 0, number]);
        let (received, payload) = right.open(&sealed);
        assert_eq!(received, Some(Received { link: 9, spi: 0x201, next_header: UDP }));
        assert_eq!(payload, [number; 33]);
    }
    assert_eq!(right.events(), [Event::FirstOpened { link: 9, inbound_spi: 0x201 }]);
    assert_eq!((left.esp.volume(0x101), right.esp.volume(0x201)), (Some(99), Some(99)));
}

/// ESP-4303-3.4.3-c, ESP-4303-3.4.3-d, ESP-4303-3.4.2-a.
#[test]
fn what_is_not_new_or_not_whole_is_discarded_and_moves_nothing() {
    let (mut left, mut right) = (End::new([pair(1, 0x101, 0x201)]), End::new([pair(9, 0x201, 0x101)]));
    let packets: Vec<Packet> = (0..80).map(|_| left.seal(1, b"payload")).collect();
    assert!(right.open(&packets[1]).0.is_some());
    assert!(right.open(&packets[1]).0.is_none());
    let mut far = packets[79].clone();
    far.octets_mut()[30] ^= 1;
    assert!(right.open(&far).0.is_none());
    assert!(right.open(&packets[0]).0.is_some(), "a packet with a wrong ICV does not move the window");
    assert!(right.open(&packets[79]).0.is_some());
    assert!(right.open(&packets[15]).0.is_none());
    assert!(right.open(&packets[16]).0.is_some(), "64 numbers are remembered");
    let mut foreign = packets[70].clone();
    foreign.octets_mut()[3] ^= 0x40;
    assert!(right.open(&foreign).0.is_none());
    assert!(right.open(&Packet::new(&[0; 7])).0.is_none());
    let expected = [
        Violation::NotNew(Verdict::Duplicate),
        Violation::NotOpened(Refused::BadIcv),
        Violation::NotNew(Verdict::TooOld),
        Violation::NoSuchSa,
        Violation::NoHeader,
    ];
    assert_eq!(right.discards(), expected);
}

#[test]
fn a_batch_does_what_its_packets_do_one_by_one() {
    let (mut left, pairs) = (End::new([pair(1, 0x101, 0x201), pair(2, 0x102, 0x202)]), || {
        [pair(1, 0x201, 0x101), pair(2, 0x202, 0x102)]
    });
    let mut packets: Vec<Packet> = (0..200_usize)
        .map(|number| match number {
            80 => left.seal_as(1, 59, b"dummy"),
            _ => left.seal(1 + u32::from(number % 3 == 0), &vec![7; number]),
        })
        .collect();
    packets[20].octets_mut()[9] ^= 1;
    packets[40] = packets[41].clone();
    packets[60] = Packet::new(&[1; 20]);
    let mut alone = End::new(pairs());
    let one_by_one: Vec<_> = packets.iter().map(|packet| alone.open(packet)).collect();
    let mut together = End::new(pairs());
    let mut arrivals: Vec<Arrival<'_>> =
        packets.iter_mut().map(|packet| Arrival { path: path(None), packet, received: None }).collect();
    together.esp.open_batch(&mut arrivals);
    for (number, (arrival, (received, payload))) in arrivals.iter().zip(&one_by_one).enumerate() {
        assert_eq!(arrival.received, *received, "packet {number}");
        if received.is_some() {
            assert_eq!(arrival.packet.octets(), payload, "packet {number}");
        }
    }
    assert_eq!(one_by_one.iter().filter(|(received, _)| received.is_some()).count(), 196);
    assert_eq!((together.discards().len(), alone.discards().len()), (3, 3), "the dummy is no discard");
}

#[test]
fn the_new_pair_of_a_link_sends_and_the_old_one_still_receives() {
    let (mut left, mut right) = (End::new([pair(1, 0x101, 0x201)]), End::new([pair(9, 0x201, 0x101)]));
    let on_the_way = left.seal(1, b"old");
    for (end, link, inbound, outbound) in [(&mut left, 1, 0x102, 0x202), (&mut right, 9, 0x202, 0x102)] {
        end.esp.install(pair(link, inbound, outbound));
    }
    let new = left.seal(1, b"new");
    assert_eq!(new.octets()[..4], [0, 0, 2, 2]);
    assert_eq!(right.open(&new).1, b"new");
    assert_eq!(right.open(&on_the_way).1, b"old");
    assert_eq!(right.esp.pairs(9).collect::<Vec<_>>(), [(0x201, 0x101), (0x202, 0x102)]);
    right.esp.remove(0x202);
    assert_eq!(right.seal(9, b"back").octets()[..4], [0, 0, 1, 1], "the pair before sends again");
    right.esp.remove(0x201);
    assert_eq!((right.esp.path(9), right.esp.links().count()), (None, 0));
}

/// NATT-3948-2.3-a: only a packet that verifies tells that the peer has moved.
#[test]
fn a_verified_packet_from_elsewhere_tells_that_the_peer_has_moved() {
    let (mut left, mut right) = (End::new([pair(1, 0x101, 0x201)]), End::new([pair(9, 0x201, 0x101)]));
    let elsewhere = path(Some(Ports { local: 4500, peer: 61000 }));
    let mut forged = left.seal(1, b"payload");
    forged.octets_mut()[30] ^= 1;
    assert!(right.esp.open(elsewhere, &mut forged).is_none());
    let moved = Event::PeerMoved { link: 9, path: elsewhere };
    assert!(!right.events().contains(&moved));
    let mut packet = left.seal(1, b"payload");
    assert!(right.esp.open(elsewhere, &mut packet).is_some());
    assert!(right.events().contains(&moved));
    assert_eq!(right.esp.path(9), Some(path(None)), "the owner decides");
    right.esp.move_path(9, elsewhere);
    assert_eq!(right.esp.path(9), Some(elsewhere));
}

#[test]
fn the_volume_is_reached_once_by_both_directions_together() {
    let limited = Pair { volume_octets: Some(100), ..pair(1, 0x101, 0x201) };
    let (mut left, mut right) = (End::new([limited]), End::new([pair(9, 0x201, 0x101)]));
    left.seal(1, &[0; 60]);
    assert_eq!(left.events(), []);
    let back = right.seal(9, &[0; 40]);
    left.open(&back);
    let reached = Event::VolumeReached { link: 1, inbound_spi: 0x101 };
    assert_eq!(left.events(), [Event::FirstOpened { link: 1, inbound_spi: 0x101 }, reached]);
    left.seal(1, &[0; 60]);
    assert_eq!(left.events(), []);
}

/// RFC 4106 section 3.1: an IV is never used twice under one key.
#[test]
fn ivs_of_counter_modes_count_and_others_are_drawn() {
    let gcm = |spi| Sa::new(spi, Encryption::AesGcm16, &[1; 20], Integrity::None, &[]).unwrap();
    let mut end = End::new([
        Pair { inbound: gcm(0x101), outbound: gcm(0x201), ..pair(1, 0x101, 0x201) },
        pair(2, 5, 6),
    ]);
    assert_eq!(end.seal(1, b"a").octets()[8..16], [0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(end.seal(1, b"a").octets()[8..16], [0, 0, 0, 0, 0, 0, 0, 2]);
    let (one, other) = (end.seal(2, b"a"), end.seal(2, b"a"));
    assert_ne!(one.octets()[8..24], other.octets()[8..24]);
}

#[test]
fn every_discard_names_its_requirement() {
    let reasons = [
        (Violation::NoHeader, "ESP-4303-3.4.2-a"),
        (Violation::NoSuchSa, "ESP-4303-3.4.2-a"),
        (Violation::NotNew(Verdict::Zero), "ESP-4303-3.4.3-c"),
        (Violation::NotOpened(Refused::BadIcv), "ESP-4303-3.4.4-a"),
        (Violation::NotOpened(Refused::BadPadLength { pad_length: 9, room: 1 }), "ESP-4303-2.4-d"),
    ];
    for (why, clause) in reasons {
        assert_eq!(why.clause(), clause);
        assert!(!why.to_string().is_empty());
    }
}
