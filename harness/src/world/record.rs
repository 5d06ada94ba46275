//! What is observed of a world, and a recording of it as pcapng with one interface a link and one a tunnel
//! interface, the times exact in microseconds.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use l2tpspec_protocol::time::Instant;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{DataLink, Endianness, PcapError};

use super::link::Direction;
use super::{HostId, InterfaceId, LinkId};

/// Where a packet was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Entering a link.
    Link {
        /// The link.
        link: LinkId,
        /// Which way it goes.
        direction: Direction,
    },
    /// Passing a tunnel interface of a host.
    Tunnel {
        /// The host.
        host: HostId,
        /// Its interface.
        interface: InterfaceId,
        /// Whether it goes into the tunnel, rather than having come out of it.
        is_outbound: bool,
    },
}

/// A packet that was seen.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// When.
    pub now: Instant,
    /// Where.
    pub place: Place,
    /// Whether it will not come out of the link: a rule or a rate drops it, or the link is down.
    pub is_lost: bool,
    /// The IPv4 datagram.
    pub octets: &'a [u8],
}

/// Sees every packet that enters a link or passes a tunnel interface.
pub trait Tap: Any {
    /// Sees one packet.
    fn on_packet(&mut self, observed: &Observed<'_>);
}

/// Names a tap for as long as the world exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TapId(pub(crate) usize);

/// What one pcapng interface stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Link(LinkId),
    Tunnel(HostId, InterfaceId),
}

/// A tap that writes pcapng.
pub struct Recorder<W: Write> {
    writer: PcapNgWriter<W>,
    interfaces: BTreeMap<Source, u32>,
    failure: Option<PcapError>,
    packets: u64,
    /// Whether packets that are lost on a link are written too.
    pub records_lost: bool,
    /// Whether packets of tunnel interfaces are written too.
    pub records_tunnels: bool,
}

impl<W: Write> Recorder<W> {
    /// A recording that holds no packet yet. It takes lost packets, and those of tunnel interfaces.
    ///
    /// # Errors
    ///
    /// If the head of the file cannot be written.
    pub fn new(writer: W) -> io::Result<Self> {
        let writer = PcapNgWriter::with_endianness(writer, Endianness::Little).map_err(io::Error::other)?;
        Ok(Self {
            writer,
            interfaces: BTreeMap::new(),
            failure: None,
            packets: 0,
            records_lost: true,
            records_tunnels: true,
        })
    }

    /// How many packets were written.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Ends the recording.
    ///
    /// # Errors
    ///
    /// If anything could not be written since the beginning.
    pub fn finish(self) -> io::Result<W> {
        let mut inner = self.writer.into_inner();
        inner.flush()?;
        match self.failure {
            Some(failure) => Err(io::Error::other(failure)),
            None => Ok(inner),
        }
    }

    fn write(&mut self, observed: &Observed<'_>) -> Result<(), PcapError> {
        let source = match observed.place {
            Place::Link { link, .. } => Source::Link(link),
            Place::Tunnel { host, interface, .. } => Source::Tunnel(host, interface),
        };
        let interface_id = match self.interfaces.get(&source) {
            Some(&id) => id,
            None => self.describe(source)?,
        };
        let original_len = u32::try_from(observed.octets.len()).unwrap_or(u32::MAX);
        self.writer.write_pcapng_block(EnhancedPacketBlock {
            interface_id,
            // Nanoseconds in the file, as the interface says.
            timestamp: Duration::from_micros(observed.now.as_micros()),
            original_len,
            data: Cow::Borrowed(observed.octets),
            options: Vec::new(),
        })?;
        self.packets += 1;
        Ok(())
    }

    fn describe(&mut self, source: Source) -> Result<u32, PcapError> {
        let name = match source {
            Source::Link(link) => format!("link{}", link.index()),
            Source::Tunnel(host, interface) => format!("host{}-tunnel{}", host.index(), interface.index()),
        };
        self.writer.write_pcapng_block(InterfaceDescriptionBlock {
            linktype: DataLink::RAW,
            snaplen: 0,
            options: vec![
                InterfaceDescriptionOption::IfName(Cow::Owned(name)),
                InterfaceDescriptionOption::IfTsResol(9),
            ],
        })?;
        let id = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        self.interfaces.insert(source, id);
        Ok(id)
    }
}

impl<W: Write> std::fmt::Debug for Recorder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("packets", &self.packets).finish_non_exhaustive()
    }
}

impl<W: Write + 'static> Tap for Recorder<W> {
    fn on_packet(&mut self, observed: &Observed<'_>) {
        let is_tunnel = matches!(observed.place, Place::Tunnel { .. });
        let is_wanted = (self.records_lost || !observed.is_lost) && (self.records_tunnels || !is_tunnel);
        if is_wanted && self.failure.is_none() {
            self.failure = self.write(observed).err();
        }
    }
}
