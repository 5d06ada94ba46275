use l2tpspec_protocol::codec::{Malformed, Why};
use l2tpspec_protocol::esp::wire::Header;

use crate::rule::ike::tests::build::*;
use crate::transcript::connection::Role::{self, Client};
use crate::transcript::ip::Udp;
use crate::transcript::layer::{Esp, Layer, Opening, UdpEncap};
use crate::transcript::{Fault, FaultCause};

/// Octets behind the header: vector 16, payload 100, padding 10, trailer 2, integrity check value 12.
const LENGTH: usize = 140;

fn opened(next_header: u8, pad_length: u8, padding_is_sequential: bool) -> Opening {
    Opening::Opened { next_header, pad_length, padding_is_sequential, is_verified: true }
}

fn udp(length: u16, checksum: u16) -> Layer {
    Layer::Udp(Udp { source_port: 1701, destination_port: 1701, length, checksum })
}

/// A packet of the client.
fn packet(number: u32) -> Esp {
    let header = Header { security_parameters_index: SPI_S, sequence_number: number };
    Esp { header, opening: opened(17, 10, true), length: LENGTH }
}

fn push(steps: &mut Vec<Step>, role: Role, esp: Esp, inner: Vec<Layer>) {
    let last = steps.last().unwrap();
    let (client, time) = (last.client, last.time + 1);
    let mut layers = vec![Layer::Esp(esp)];
    layers.extend(inner);
    steps.push(Step { role, client, ports: None, layers, fault: None, time });
}

/// A connection with numbered packets of the client.
fn with_packets(numbers: impl IntoIterator<Item = u32>) -> Vec<Step> {
    let mut steps = direct();
    steps.truncate(ASK);
    for number in numbers {
        push(&mut steps, Client, packet(number), vec![udp(100, 0)]);
    }
    steps
}

fn good() -> Vec<Step> {
    with_packets(1..=10)
}

fn esp(step: &mut Step) -> &mut Esp {
    let Layer::Esp(esp) = &mut step.layers[0] else { unreachable!() };
    esp
}

/// Frame of the first packet.
const FIRST: u64 = 10;

#[test]
fn a_right_association_breaks_no_rule() {
    assert_eq!(run(None, good()), []);
    assert_eq!(run(None, good().split_off(ASK)), []);
    assert_eq!(run(None, with_packets([2, 1, 3, 3, 6, 5, 9])), []);
}

#[test]
fn reserved_spis_are_not_used() {
    let id = "ESP-4303-2.1-a";
    fires(id, good, (7, Client), "announced SPI 255", |steps| {
        steps[QM1].sa().proposals[0].spi = vec![0, 0, 0, 255];
    });
    fires(id, good, (FIRST, Client), "sent ESP with SPI 9", |steps| {
        esp(&mut steps[ASK]).header.security_parameters_index = 9;
    });
    // What comes to port 4500 need not be IPsec.
    silent(id, good, |steps| {
        steps.drain(..ASK);
        esp(&mut steps[0]).header.security_parameters_index = 9;
        steps[0].ports = Some([9, 4500]);
        steps[0].layers.insert(0, Layer::UdpEncap(UdpEncap::Esp));
    });
}

#[test]
fn padding_counts() {
    let id = "ESP-4303-2.4-a";
    fires(id, good, (FIRST, Client), "10 octets of ESP padding that do not count", |steps| {
        esp(&mut steps[ASK]).opening = opened(17, 10, false);
        esp(&mut steps[ASK + 1]).opening = opened(17, 10, false);
    });
    // Without integrity protection a wrong key looks the same.
    silent(id, good, |steps| {
        esp(&mut steps[ASK]).opening = Opening::Opened {
            next_header: 17,
            pad_length: 10,
            padding_is_sequential: false,
            is_verified: false,
        };
    });
}

#[test]
fn packets_are_whole_words() {
    let id = "ESP-4303-2.4-c";
    fires(id, good, (FIRST, Client), "138 octets", |steps| esp(&mut steps[ASK]).length = 138);
    silent(id, good, |steps| {
        esp(&mut steps[ASK]).length = 138;
        steps[ASK].fault = Some(Fault { layer: "ip", cause: FaultCause::Snapped });
    });
}

#[test]
fn next_header_names_what_was_negotiated() {
    let id = "ESP-4303-2.6-a";
    fires(id, good, (FIRST, Client), "Next Header 4", |steps| {
        esp(&mut steps[ASK]).opening = opened(4, 10, true);
    });
    silent(id, good, |steps| esp(&mut steps[ASK]).opening = opened(59, 10, true));
    silent(id, good, |steps| {
        esp(&mut steps[ASK]).opening = opened(4, 10, true);
        steps.remove(QM2);
    });
}

#[test]
fn nothing_follows_the_datagram() {
    let id = "ESP-4303-2.7-a";
    fires(id, good, (FIRST, Client), "sent 100 octets in ESP for a UDP Length of 60", |steps| {
        steps[ASK].layers[1] = udp(60, 0);
    });
}

#[test]
fn whole_datagrams_are_protected() {
    let id = "ESP-4303-3.3.4-a";
    let malformed = Malformed { field: "Length", offset: 4, why: Why::Truncated { need: 1400, have: 100 } };
    fires(id, good, (FIRST, Client), "100 octets in ESP for a UDP Length of 1400", |steps| {
        steps[ASK].layers[1] = udp(1400, 0);
        steps[ASK].fault = Some(Fault { layer: "udp", cause: FaultCause::Malformed(malformed) });
    });
    silent(id, good, |steps| {
        steps[ASK].fault = Some(Fault { layer: "udp", cause: FaultCause::Snapped });
    });
}

#[test]
fn integrity_check_values_are_long_enough() {
    fires("CRYP-4868-2.3-a", good, (FIRST, Client), "96 bits", |steps| {
        esp(&mut steps[ASK]).opening = Opening::OpenedTruncated { next_header: 17 };
        esp(&mut steps[ASK + 1]).opening = Opening::OpenedTruncated { next_header: 17 };
    });
}

#[test]
fn a_sequence_number_is_not_used_for_other_content() {
    let id = "ESP-4303-3.3.3-a";
    fires(id, good, (FIRST + 10, Client), "sequence number 3 again with other content", |steps| {
        push(steps, Client, Esp { length: 180, ..packet(3) }, vec![udp(100, 0)]);
    });
    fires(id, good, (FIRST + 11, Client), "sequence number 11 again", |steps| {
        push(steps, Client, packet(11), vec![udp(100, 0x1234)]);
        push(steps, Client, packet(11), vec![udp(100, 0x1235)]);
    });
    // A forgery is not the sender's.
    silent(id, good, |steps| {
        push(steps, Client, Esp { length: 180, opening: Opening::KeyWrong, ..packet(3) }, Vec::new());
    });
}

#[test]
fn sequence_numbers_do_not_go_back() {
    let id = "ESP-4303-3.3.3-a";
    let many = || with_packets((1..=10).chain(5000..=5010));
    fires(id, many, (33, Client), "up to 102 after 5010", |steps| {
        for number in 100..=105 {
            push(steps, Client, packet(number), vec![udp(100, 0)]);
        }
    });
    // One packet that was long under way proves nothing, nor does a new association with the same SPI.
    silent(id, many, |steps| push(steps, Client, packet(100), vec![udp(100, 0)]));
    silent(id, many, |steps| {
        let mut offer = direct().swap_remove(QM1);
        offer.isakmp().header.message_id = 0x99;
        let mut answer = direct().swap_remove(QM2);
        answer.isakmp().header.message_id = 0x99;
        steps.push(offer);
        steps.push(answer);
        for number in 1..=10 {
            push(steps, Client, packet(number), vec![udp(100, 0)]);
        }
    });
}

#[test]
fn sequence_numbers_start_at_one() {
    let id = "ESP-4303-3.3.3-a";
    let fresh = || with_packets(1..=10);
    fires(id, fresh, (FIRST, Client), "sequence number 0; expected 1", |steps| {
        esp(&mut steps[ASK]).header.sequence_number = 0;
    });
    fires(id, fresh, (FIRST, Client), "began a security association with sequence number 101", |steps| {
        *steps = with_packets(101..=110);
    });
    fires(id, fresh, (FIRST, Client), "began a security association with sequence number 7", |steps| {
        *steps = with_packets([7]);
    });
    // Packets before the first one recorded may have been lost.
    silent(id, fresh, |steps| *steps = with_packets(3..=12));
    // The association may be older than the recording.
    silent(id, fresh, |steps| *steps = with_packets(101..=110).split_off(QM3));
}
