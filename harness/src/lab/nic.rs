//! A network card of a guest: Ethernet frames over a socket pair, of which this end is every neighbour at once.

use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixDatagram;

use etherparse::{ArpHardwareId, ArpOperation, ArpPacketSlice, EtherType, Ethernet2Header, Ethernet2Slice};

use super::LabError;

/// The address of whoever the guest talks to.
const NEIGHBOUR: [u8; 6] = [0x02, 0, 0, 0, 0, 0xfe];
/// The card's own address.
pub(super) const MAC: [u8; 6] = [0x52, 0x54, 0, 0, 0, 1];
/// The longest frame.
pub(super) const FRAME: usize = 65_536;

/// A network card.
#[derive(Debug)]
pub struct Nic {
    socket: UnixDatagram,
    frame: Vec<u8>,
}

impl Nic {
    /// A card, and the end of it that the guest gets.
    pub(super) fn new() -> Result<(Self, OwnedFd), LabError> {
        let failed = || LabError::io("a socket pair");
        let (own, guests) = UnixDatagram::pair().map_err(failed())?;
        own.set_nonblocking(true).map_err(failed())?;
        Ok((Self { socket: own, frame: vec![0; FRAME] }, guests.into()))
    }

    /// To wait for it.
    #[must_use]
    pub fn readiness(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Gives the guest an IPv4 datagram. What it has no room for is lost, as on a wire.
    pub fn send(&mut self, datagram: &[u8]) {
        let header = Ethernet2Header { source: NEIGHBOUR, destination: MAC, ether_type: EtherType::IPV4 };
        let head = header.to_bytes();
        self.frame.clear();
        self.frame.extend_from_slice(&head);
        self.frame.extend_from_slice(datagram);
        let _ = self.socket.send(&self.frame);
    }

    /// The next IPv4 datagram of the guest, if there is one.
    pub fn receive(&mut self) -> Option<&[u8]> {
        loop {
            self.frame.resize(FRAME, 0);
            let count = match self.socket.recv(&mut self.frame) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return None,
            };
            let Ok(frame) = Ethernet2Slice::from_slice_without_fcs(&self.frame[..count]) else { continue };
            let kind = frame.ether_type();
            if kind == EtherType::IPV4 {
                let whole = frame.payload_slice();
                // Short frames are padded.
                let length = whole.get(2..4).map_or(0, |it| usize::from(u16::from_be_bytes([it[0], it[1]])));
                let start = count - whole.len();
                let end = start + length.min(whole.len());
                return Some(&self.frame[start..end]);
            }
            if kind == EtherType::ARP
                && let Some(answer) = answer(frame.payload_slice())
            {
                let _ = self.socket.send(&answer);
            }
        }
    }
}

/// The answer to a question who has an address: it is here, unless the guest asks after its own.
fn answer(octets: &[u8]) -> Option<Vec<u8>> {
    let asked = ArpPacketSlice::from_slice(octets).ok()?;
    let is_meant = asked.operation() == ArpOperation::REQUEST
        && asked.hw_addr_type() == ArpHardwareId::ETHERNET
        && asked.proto_addr_type() == EtherType::IPV4
        && asked.sender_protocol_addr() != asked.target_protocol_addr()
        && asked.sender_protocol_addr() != [0; 4];
    if !is_meant {
        return None;
    }
    let destination = asked.sender_hw_addr().try_into().ok()?;
    let header = Ethernet2Header { source: NEIGHBOUR, destination, ether_type: EtherType::ARP };
    let packet = etherparse::ArpPacket::new(
        asked.hw_addr_type(),
        asked.proto_addr_type(),
        ArpOperation::REPLY,
        &NEIGHBOUR,
        asked.target_protocol_addr(),
        asked.sender_hw_addr(),
        asked.sender_protocol_addr(),
    )
    .ok()?;
    Some([&header.to_bytes()[..], &packet.to_bytes()].concat())
}
