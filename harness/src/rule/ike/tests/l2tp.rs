use l2tpspec_protocol::esp::wire::Header as EspHeader;
use l2tpspec_protocol::l2tp::wire::{AvpValue, ControlMessage, Header, MessageType};

use super::build::*;
use crate::transcript::connection::Role::{self, Client, Supernode};
use crate::transcript::ip::Udp;
use crate::transcript::layer::{Esp, Layer, Opening};

fn push(steps: &mut Vec<Step>, role: Role, ports: Option<[u16; 2]>, layers: Vec<Layer>, after: i64) {
    let last = steps.last().unwrap();
    let (client, time) = (last.client, last.time + after);
    steps.push(Step { role, client, ports, layers, fault: None, time });
}

fn control(ns: u16, nr: u16, message_type: MessageType) -> Layer {
    let header = Header::control(1, 0, ns, nr);
    Layer::L2tpControl(Box::new(ControlMessage::new(header, [AvpValue::MessageType(message_type)])))
}

/// An ESP packet as long as one that holds a datagram of the builder's 100 octets.
fn esp(steps: &mut Vec<Step>, role: Role, number: u32, inner: Option<Layer>) {
    let header = EspHeader { security_parameters_index: SPI_S, sequence_number: number };
    let opening = if inner.is_some() {
        Opening::Opened { next_header: 17, pad_length: 2, padding_is_sequential: true, is_verified: true }
    } else {
        Opening::KeyAbsent
    };
    let mut layers = vec![Layer::Esp(Esp { header, opening, length: 132 })];
    if let Some(inner) = inner {
        layers.push(Layer::Udp(Udp { source_port: 1701, destination_port: 1701, length: 100, checksum: 0 }));
        layers.push(inner);
    }
    push(steps, role, None, layers, 50);
}

fn clear(steps: &mut Vec<Step>, role: Role, layer: Layer, after: i64) {
    push(steps, role, Some([1701, 1701]), vec![layer], after);
}

#[test]
fn control_messages_are_protected() {
    let id = "L2IP-3193-2-a";
    fires(id, direct, (18, Client), "sent SCCRQ to UDP port 1701 in clear", |steps| {
        esp(steps, Supernode, 1, None);
        esp(steps, Supernode, 2, None);
        clear(steps, Client, control(0, 0, MessageType::StartControlConnectionRequest), 10);
        clear(steps, Client, control(0, 0, MessageType::StartControlConnectionRequest), 1000);
    });
    // A recorder on the host sees what it opened once more, just behind the packet or just before it.
    silent(id, direct, |steps| {
        esp(steps, Client, 1, None);
        clear(steps, Client, control(0, 0, MessageType::StartControlConnectionRequest), 1);
        clear(steps, Supernode, control(0, 1, MessageType::StartControlConnectionReply), 1);
        esp(steps, Supernode, 1, None);
    });
    // Before IPsec, or without it, it is another matter.
    silent(id, direct, |steps| {
        clear(steps, Client, control(0, 0, MessageType::StartControlConnectionRequest), 1);
    });
}

#[test]
fn clear_control_messages_are_not_accepted() {
    let id = "L2IP-3193-3.3-a";
    let ask = |steps: &mut Vec<Step>| {
        esp(steps, Supernode, 1, None);
        clear(steps, Client, control(0, 0, MessageType::StartControlConnectionRequest), 10);
    };
    fires(id, direct, (18, Supernode), "acknowledged the clear SCCRQ of frame 17", |steps| {
        ask(steps);
        clear(steps, Supernode, control(0, 1, MessageType::StartControlConnectionReply), 10);
    });
    silent(id, direct, ask);
    // The same message came protected too, and that is what is acknowledged.
    silent(id, direct, |steps| {
        ask(steps);
        esp(steps, Client, 1, Some(control(0, 0, MessageType::StartControlConnectionRequest)));
        esp(steps, Supernode, 2, Some(control(0, 1, MessageType::StartControlConnectionReply)));
    });
}

#[test]
fn selectors_carry_both_ports() {
    let id = "L2IP-3193-4.2.2-b";
    let with = |protocol: u8, port: u16| {
        move |steps: &mut Vec<Step>| {
            steps[QM1].payloads()[3].body = super::build::id(CLIENT, protocol, port).1;
        }
    };
    fires(id, direct, (7, Client), "17/0; expected", with(17, 0));
    fires(id, direct, (7, Client), "0/0; expected", with(0, 0));
    silent(id, direct, with(17, 54_321));
}
