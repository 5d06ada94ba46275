//! What the two ends of one connection said, message by message.

use std::path::Path;

use l2tpspec_protocol::isakmp::wire::{Header, Payload};
use l2tpspec_protocol::l2tp::wire::{ControlMessage, DataHeader};
use l2tpspec_protocol::ospf::wire::Packet as Ospf;
use l2tpspec_protocol::ppp::Control;
use l2tpspec_protocol::ppp::control::Code;

use crate::capture::file::{CaptureFile, Options as CaptureOptions};
use crate::capture::keys::Keys;
use crate::error::ExpectedError;
use crate::transcript::connection::{Connections, Role};
use crate::transcript::layer::{Layer, Protection, UdpEncap};
use crate::transcript::{Entry, Options, pipeline};

/// A message.
#[derive(Debug)]
pub(super) enum What {
    /// Of IKE, in clear or opened.
    Isakmp(Header, Vec<Payload>),
    /// Of IKE, and nobody can read it.
    Closed(Header),
    /// Control of L2TP.
    L2tp(Box<ControlMessage>),
    /// Data of L2TP.
    Data(DataHeader),
    /// Control of PPP.
    Ppp(Box<Control>),
    /// OSPF.
    Ospf(Box<Ospf>),
    /// An Echo-Request of ICMP inside, and how long its datagram is.
    Ping(usize),
    /// An ESP packet that nobody can read.
    Esp,
}

/// A message, who sent it, and when.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) frame: u64,
    /// Nanoseconds since the recording began.
    pub(super) time: i64,
    pub(super) by: Role,
    pub(super) what: What,
}

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) all: Vec<Said>,
    /// Whether ESP or IKE travels in UDP on ports of NAT traversal.
    pub(super) is_translated: bool,
    /// Whether there is IPsec.
    pub(super) is_protected: bool,
    /// The UDP ports of the client's L2TP.
    pub(super) client_port: Option<u16>,
    /// How many connections the recording has.
    pub(super) connections: usize,
}

/// Whether a packet quotes one of the other end.
fn is_rejection(control: &Control) -> bool {
    matches!(control, Control::Lcp(packet) if packet.code == Code::ProtocolReject)
}

/// Messages kept of a connection: the beginning tells how an end behaves, what comes later repeats it.
const MOST: usize = 20_000;

/// Reads one connection of a recording; numbers are from 0.
pub(super) fn read(
    path: &Path,
    keys: &Keys,
    options: Options,
    number: usize,
    mut on_progress: impl FnMut(u64),
) -> Result<Talk, ExpectedError> {
    let mut file = CaptureFile::open(path, &CaptureOptions::default())?;
    let mut connections = Connections::default();
    let mut talk = Talk::default();
    pipeline::run(&mut file, keys, options, |entry, octets| {
        on_progress(octets);
        if let Some(placed) = connections.place(entry)
            && placed.connection == number
            && let Some(by) = placed.sender
        {
            talk.take(entry, placed.from_layer, by);
        }
        true
    })?;
    talk.connections = connections.list().len();
    Ok(talk)
}

impl Talk {
    fn take(&mut self, entry: &Entry, from_layer: usize, by: Role) {
        let layers = entry.layers.get(from_layer..).unwrap_or_default();
        let mut ports = None;
        let mut inner_length = None;
        for (at, layer) in layers.iter().enumerate() {
            let what = match layer {
                Layer::Udp(udp) => {
                    ports = Some((udp.source_port, udp.destination_port));
                    continue;
                }
                Layer::UdpEncap(what) => {
                    self.is_translated |= matches!(what, UdpEncap::Esp | UdpEncap::Ike);
                    continue;
                }
                Layer::Isakmp(message) => {
                    self.is_protected = true;
                    match message.protection {
                        Protection::Clear | Protection::Opened => {
                            What::Isakmp(message.header, message.payloads.clone())
                        }
                        _ => What::Closed(message.header),
                    }
                }
                Layer::Esp(_) => {
                    self.is_protected = true;
                    if at + 1 < layers.len() {
                        continue;
                    }
                    What::Esp
                }
                Layer::L2tpControl(message) => {
                    if by == Role::Client {
                        self.client_port = self.client_port.or_else(|| ports.map(|(source, _)| source));
                    }
                    What::L2tp(message.clone())
                }
                Layer::L2tpData(header) => What::Data(*header),
                Layer::PppControl(control) => What::Ppp(control.clone()),
                Layer::PppOther { packet, .. } => What::Ppp(packet.clone()),
                Layer::Ospf(packet) => What::Ospf(packet.clone()),
                Layer::Ip(header) => {
                    inner_length = Some(usize::from(header.total_length));
                    continue;
                }
                Layer::Icmp(message) if message.quotes() => return,
                Layer::Icmp(message) if message.icmp_type == 8 => match inner_length {
                    Some(length) => What::Ping(length),
                    None => continue,
                },
                _ => continue,
            };
            let quotes = matches!(&what, What::Ppp(control) if is_rejection(control));
            if self.all.len() < MOST {
                self.all.push(Said { frame: entry.frame, time: entry.time, by, what });
            }
            // What follows is what the other end had said.
            if quotes {
                return;
            }
        }
    }

    /// The messages of IKE of an end that can be read.
    pub(super) fn isakmp(&self, by: Role) -> impl Iterator<Item = (u64, &Header, &[Payload])> {
        self.all.iter().filter_map(move |said| match &said.what {
            What::Isakmp(header, payloads) if said.by == by => {
                Some((said.frame, header, payloads.as_slice()))
            }
            _ => None,
        })
    }

    /// The control messages of an end.
    pub(super) fn l2tp(&self, by: Role) -> impl Iterator<Item = (u64, &ControlMessage)> {
        self.all.iter().filter_map(move |said| match &said.what {
            What::L2tp(message) if said.by == by => Some((said.frame, &**message)),
            _ => None,
        })
    }

    /// The control packets of PPP of an end.
    pub(super) fn ppp(&self, by: Role) -> impl Iterator<Item = (u64, &Control)> {
        self.all.iter().filter_map(move |said| match &said.what {
            What::Ppp(control) if said.by == by => Some((said.frame, &**control)),
            _ => None,
        })
    }

    /// How long it lasted, in seconds, and a bit.
    pub(super) fn seconds(&self) -> u64 {
        let times = || self.all.iter().map(|said| said.time);
        let length = times().max().unwrap_or(0) - times().min().unwrap_or(0);
        u64::try_from(length / 1_000_000_000).unwrap_or(0) + 1
    }
}
