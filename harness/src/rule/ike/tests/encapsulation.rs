use l2tpspec_protocol::codec::{Malformed, Why};
use l2tpspec_protocol::esp::wire::Header;

use super::build::*;
use crate::transcript::connection::Role::{self, Client, Supernode};
use crate::transcript::layer::{Esp, Layer, Named, Opening, UdpEncap};
use crate::transcript::{Fault, FaultCause};

fn esp(steps: &mut Vec<Step>, role: Role, ports: [u16; 2], header: Header) {
    let last = steps.last().unwrap();
    let layers = vec![
        Layer::UdpEncap(UdpEncap::Esp),
        Layer::Esp(Esp { header, opening: Opening::KeyAbsent, length: 100 }),
    ];
    let step =
        Step { role, client: last.client, ports: Some(ports), layers, fault: None, time: last.time + 1 };
    steps.push(step);
}

fn packet(security_parameters_index: u32) -> Header {
    Header { security_parameters_index, sequence_number: 1 }
}

#[test]
fn ike_on_port_4500_has_the_marker() {
    let cookie = Header { security_parameters_index: 0x1111_1111, sequence_number: 0x1111_1111 };
    fires("NATT-3947-4-b", behind_nat, (16, Client), "without the non-ESP marker", |steps| {
        esp(steps, Client, [62_000, 4500], cookie);
    });
    silent("NATT-3947-4-b", behind_nat, |steps| esp(steps, Client, [62_000, 4500], packet(SPI_S)));
}

#[test]
fn esp_never_has_spi_zero() {
    fires("NATT-3948-1-a", direct, (7, Client), "SPI 0", |steps| {
        steps[QM1].sa().proposals[0].spi = vec![0; 4];
    });
}

#[test]
fn encapsulated_esp_uses_the_ports_of_ike() {
    let id = "NATT-3948-2.1-a";
    fires(id, behind_nat, (16, Supernode), "port 4501 of 192.0.2.1; expected 4500", |steps| {
        esp(steps, Supernode, [4500, 4501], packet(SPI_C));
        esp(steps, Supernode, [4500, 4501], packet(SPI_C));
    });
    // A NAT may change the client's port, and ESP may show it first.
    silent(id, behind_nat, |steps| esp(steps, Client, [63_000, 4500], packet(SPI_S)));
    fires(id, direct, (16, Client), "port 4500 of 192.0.2.2; expected 500", |steps| {
        esp(steps, Client, [4500, 500], packet(SPI_S));
    });
}

#[test]
fn a_keepalive_is_one_octet_of_ones() {
    let id = "NATT-3948-2.3-a";
    let short = |have: usize, layer: &'static str| {
        move |steps: &mut Vec<Step>| {
            let last = steps.last().unwrap();
            let malformed = Malformed {
                field: "UDP-encapsulated ESP or IKE",
                offset: 0,
                why: Why::Truncated { need: 8, have },
            };
            let (client, time) = (last.client, last.time + 1);
            steps.push(Step {
                role: Client,
                client,
                ports: Some([62_000, 4500]),
                layers: vec![Layer::Named(Named { layer, why: "malformed" })],
                fault: Some(Fault { layer, cause: FaultCause::Malformed(malformed) }),
                time,
            });
        }
    };
    fires(id, behind_nat, (16, Client), "one octet other than FF", short(1, "udpencap"));
    fires(id, behind_nat, (16, Client), "sent 3 octets", short(3, "udpencap"));
    silent(id, behind_nat, short(3, "isakmp"));
    silent(id, behind_nat, |steps| {
        short(1, "udpencap")(steps);
        let last = steps.last_mut().unwrap();
        last.layers = vec![Layer::UdpEncap(UdpEncap::Keepalive)];
        last.fault = None;
    });
}
