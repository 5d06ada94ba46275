//! User packets and the headers around them: which bits are set, how large pieces are.

use l2tpspec_protocol::l2tp::wire::DataHeader;
use l2tpspec_protocol::ppp::Protocol;
use l2tpspec_protocol::ppp::frame::FrameHeader;

use super::super::note::Notebook;
use super::super::timing::Measure;
use super::Ends;
use crate::transcript::connection::Role;
use crate::transcript::ip::{Icmp, Ipv4, Tcp};
use crate::transcript::layer::{Esp, Opening};
use crate::transcript::{Entry, Layer};

/// What was noted last, so that the next packet like it costs nothing.
#[derive(Debug, Default)]
pub(super) struct Packets {
    data: Ends<[Option<Bits>; 2]>,
    framing: Ends<Option<FrameHeader>>,
    segment: Ends<Option<u16>>,
    inner: Ends<Passed>,
    outer: Ends<Option<u16>>,
    padding: Ends<Option<bool>>,
}

/// The largest datagrams of an end: a whole one, and the first piece of one that was cut.
#[derive(Debug, Clone, Copy, Default)]
struct Passed {
    whole: i64,
    cut: Option<i64>,
    frame: u64,
}

/// The bits for a length, sequence numbers, an offset and priority.
type Bits = [bool; 4];

/// SYN of TCP.
const SYN: u8 = 0x02;

impl Packets {
    /// The header of a data message. User packets come from a kernel, negotiations perhaps from elsewhere.
    pub(super) fn data(&mut self, header: &DataHeader, carried: &[Layer], book: &mut Notebook<'_>) {
        let is_control =
            carried.iter().any(|layer| matches!(layer, Layer::PppControl(_) | Layer::PppOther { .. }));
        let has_length = header.length.is_some();
        let bits = [has_length, header.sequence.is_some(), header.offset_size.is_some(), header.has_priority];
        let [control, user] = self.data.of_mut(book.by);
        let before = if is_control { control } else { user };
        if before.replace(bits) == Some(bits) {
            return;
        }
        let what = if is_control { "data" } else { "data.of_users" };
        for (name, is_set) in
            ["length_bit", "sequence_bit", "offset_bit", "priority_bit"].into_iter().zip(bits)
        {
            book.alone("l2tp", &format!("{what}.{name}"), if is_set { "set" } else { "clear" });
        }
    }

    /// The framing of what is not LCP, which is never compressed.
    pub(super) fn framing(&mut self, header: &FrameHeader, book: &mut Notebook<'_>) {
        let before = self.framing.of_mut(book.by);
        if header.protocol == Protocol::Lcp || before.replace(*header) == Some(*header) {
            return;
        }
        let left_out = |is_there: bool| if is_there { "sent" } else { "left out" };
        book.alone("ppp", "address_and_control", left_out(header.has_address_and_control));
        if header.protocol.number() < 0x0100 {
            let word = if header.is_protocol_compressed { "one octet" } else { "two octets" };
            book.alone("ppp", "protocol_field", word);
        }
        match header.protocol.number() {
            0x0021 | 0x0057 => book.alone("ppp", "user_packets", "plain"),
            0x00fb | 0x00fd => book.alone("ppp", "user_packets", "compressed or encrypted"),
            _ => {}
        }
    }

    /// What is cut inside of the tunnel, and what is not, shows the MTU of the sender's interface.
    pub(super) fn inner(&mut self, header: &Ipv4, book: &mut Notebook<'_>) {
        let passed = self.inner.of_mut(book.by);
        let octets = i64::from(header.total_length);
        if header.fragment_offset == 0 && header.more_fragments {
            let cut = passed.cut.get_or_insert(octets);
            *cut = octets.max(*cut);
            passed.frame = book.frame;
        } else if header.fragment_offset == 0 {
            passed.whole = octets.max(passed.whole);
        }
    }

    /// What passed into the tunnel whole, and to what the rest was cut; and a frame that shows it.
    pub(super) fn passed(&self, role: Role) -> Option<(Measure, u64)> {
        let Passed { cut, whole, frame } = *self.inner.of(role);
        // Where larger ones pass, the pieces were made elsewhere.
        let cut = cut.filter(|cut| whole < cut + 8);
        (whole > 0 || cut.is_some()).then_some((Measure::Passed { whole, cut }, frame))
    }

    /// A fragment outside shows the MTU of the way.
    pub(super) fn outer(&mut self, entry: &Entry, book: &mut Notebook<'_>) {
        let Some(Layer::Ip(header)) = entry.layers.first() else { return };
        if header.more_fragments && header.fragment_offset == 0 {
            let before = self.outer.of_mut(book.by);
            if before.replace(header.total_length) != Some(header.total_length) {
                book.alone("ip", "fragment_octets", &header.total_length.to_string());
            }
        }
    }

    /// Padding, and the bug of cutting SHA-256 short.
    pub(super) fn esp(&mut self, packet: &Esp, book: &mut Notebook<'_>) {
        match packet.opening {
            Opening::Opened { pad_length: 1.., padding_is_sequential: is_usual, .. }
                if self.padding.of_mut(book.by).replace(is_usual) != Some(is_usual) =>
            {
                book.alone("esp", "padding", if is_usual { "1, 2, 3" } else { "other octets" });
            }
            Opening::OpenedTruncated { .. } => book.alone("esp", "integrity_check_value", "cut to 96 bits"),
            _ => {}
        }
    }

    /// The maximum segment size of connections through the tunnel.
    pub(super) fn segment(&mut self, header: &Tcp, book: &mut Notebook<'_>) {
        if let Some(size) = header.maximum_segment_size.filter(|_| header.flags & SYN != 0)
            && self.segment.of_mut(book.by).replace(size) != Some(size)
        {
            book.alone("tcp", "maximum_segment_size", &size.to_string());
        }
    }
}

/// "Fragmentation needed" tells the MTU of the next link (RFC 1191).
pub(super) fn too_big(icmp: &Icmp, book: &mut Notebook<'_>) {
    let [_, _, high, low] = icmp.rest;
    let mtu = u16::from_be_bytes([high, low]);
    if (icmp.icmp_type, icmp.code) == (3, 4) && mtu > 0 {
        book.alone("icmp", "next_hop_mtu", &mtu.to_string());
    }
}
