//! The PPP links of a connection: which frames belong together, and what both ends have said so far.

use std::cell::RefCell;
use std::collections::BTreeMap;

use l2tpspec_protocol::ppp::chap::Algorithm;
use l2tpspec_protocol::ppp::control::Code;
use l2tpspec_protocol::ppp::frame::FrameHeader;
use l2tpspec_protocol::ppp::{Control, Protocol, chap, eap, pap};

use super::dialogue::Dialogue;
use super::message::{Choice, Message};
use crate::rule::l2tp::ends::Ends;
use crate::rule::l2tp::path;
use crate::rule::l2tp::tunnels::{Place, Tunnels};
use crate::rule::{Report, Seen};
use crate::transcript::Layer;
use crate::transcript::connection::Role;

/// Links remembered; later ones are not judged.
const MAX_LINKS: usize = 65_536;
/// The MRU of an end that does not ask for another (RFC 1661 section 6.1).
pub(in crate::rule) const DEFAULT_MRU: u16 = 1500;
/// Numbers of LCP options.
pub(super) const MRU: u8 = 1;
pub(super) const AUTHENTICATION: u8 = 3;
pub(super) const MAGIC: u8 = 5;

/// The links of a connection.
#[derive(Debug, Default)]
pub(in crate::rule) struct Links {
    tunnels: Tunnels,
    list: Vec<Link>,
    by_session: BTreeMap<Place, usize>,
    /// How many of the list are known to be blind, or to have a gap.
    blind: usize,
    gaps: usize,
    sequences: path::Sequences,
    /// Links whose session was set up before the recording, by sender and numbers.
    loose: BTreeMap<(Role, u16, u16), usize>,
}

/// A link.
#[derive(Debug, Default)]
pub(in crate::rule) struct Link {
    /// The recording has it from its first frame on, and all of it can be read.
    pub(in crate::rule) is_whole: bool,
    /// Something was said that cannot be read.
    pub(in crate::rule) is_blind: bool,
    /// L2TP carries it.
    pub(super) is_l2tp: bool,
    ends: Ends<End>,
}

/// What one end of a link has said.
#[derive(Debug, Default)]
pub(super) struct End {
    dialogues: Dialogues,
    /// It has accepted its peer's name and password.
    pub(super) has_accepted: bool,
    /// It has answered a challenge, or sent its password.
    pub(super) has_answered: bool,
    is_heard: bool,
}

/// By the numbers of their protocols. They are few, and every rule keeps its own.
#[derive(Debug, Default)]
struct Dialogues(Vec<(u16, Dialogue)>);

impl Dialogues {
    fn get(&self, protocol: u16) -> Option<&Dialogue> {
        self.0.iter().find(|(number, _)| *number == protocol).map(|(_, dialogue)| dialogue)
    }

    fn of_mut(&mut self, protocol: u16) -> &mut Dialogue {
        let at = self.0.iter().position(|(number, _)| *number == protocol).unwrap_or_else(|| {
            self.0.reserve_exact(1);
            self.0.push((protocol, Dialogue::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }
}

impl Link {
    /// What `role` said in `protocol`.
    pub(super) fn dialogue(&self, role: Role, protocol: Protocol) -> Option<&Dialogue> {
        self.ends[role].dialogues.get(protocol.number())
    }

    /// Whether both directions are known to be this link's.
    pub(in crate::rule) fn is_two_way(&self) -> bool {
        self.ends[Role::Client].is_heard && self.ends[Role::Supernode].is_heard
    }

    pub(super) fn end(&self, role: Role) -> &End {
        &self.ends[role]
    }

    /// Whether the protocol can have been Opened as `role` saw it: the peer has acknowledged its request and sent one
    /// of its own. Its own acknowledgement may have been lost on the way to the recorder.
    pub(super) fn can_be_open(&self, role: Role, protocol: Protocol) -> bool {
        self.dialogue(role, protocol).is_some_and(|own| own.agreed.is_some())
            && self.dialogue(!role, protocol).is_some_and(Dialogue::has_requested)
    }

    /// The LCP options of `role` that its peer acknowledged.
    pub(super) fn agreed(&self, role: Role) -> Option<&[Choice]> {
        self.dialogue(role, Protocol::Lcp)?.agreed.as_deref()
    }

    /// The data of an LCP option of `role` that its peer acknowledged.
    pub(super) fn agreed_option(&self, role: Role, number: u8) -> Option<&[u8]> {
        let option = self.agreed(role)?.iter().find(|option| option.number == number)?;
        Some(&option.data)
    }

    /// The MRU that `role` and its peer agreed on for what `role` receives; `None` if their agreement is not in the
    /// recording.
    pub(in crate::rule) fn mru(&self, role: Role) -> Option<u16> {
        self.agreed(role)?;
        let agreed = self.agreed_option(role, MRU).and_then(|data| <[u8; 2]>::try_from(data).ok());
        Some(agreed.map_or(DEFAULT_MRU, u16::from_be_bytes))
    }

    /// The protocol by which the peer of `role` has agreed to authenticate itself.
    pub(super) fn demanded(&self, role: Role) -> Option<Protocol> {
        let data = self.agreed_option(role, AUTHENTICATION)?;
        data.first_chunk().map(|number| Protocol::from_number(u16::from_be_bytes(*number)))
    }

    /// The CHAP algorithm that `role` and its peer have agreed on for the peer.
    pub(super) fn algorithm(&self, role: Role) -> Option<Algorithm> {
        self.demanded(role).filter(|protocol| *protocol == Protocol::Chap)?;
        self.agreed_option(role, AUTHENTICATION)?.get(2).map(|number| Algorithm::from_number(*number))
    }

    fn learn(&mut self, turn_sender: Role, control: &Control, frame: u64, time: i64) {
        let (own, peer) = (turn_sender, !turn_sender);
        if let Some(message) = Message::of(control) {
            let number = message.protocol.number();
            if let Some(options) = message.options(Code::ConfigureRequest) {
                self.ends[own].dialogues.of_mut(number).request(message.identifier, options);
            } else {
                self.ends[peer].dialogues.of_mut(number).answer(&message, frame, time);
            }
            return;
        }
        let end = &mut self.ends[own];
        match control {
            Control::Pap(packet) => {
                end.has_answered |= packet.code == pap::Code::AuthenticateRequest;
                end.has_accepted |= packet.code == pap::Code::AuthenticateAck;
            }
            Control::Chap(packet) => {
                end.has_answered |= packet.code == chap::Code::Response;
                end.has_accepted |= packet.code == chap::Code::Success;
            }
            Control::Eap(packet) => {
                end.has_answered |= packet.code == eap::Code::Response;
                end.has_accepted |= packet.code == eap::Code::Success;
            }
            _ => {}
        }
    }
}

impl Links {
    /// The link that the entry's PPP frame belongs to.
    fn find(&mut self, seen: &Seen<'_>, sender: Role) -> Option<usize> {
        let header = path::data(seen);
        if let Some(header) = header
            && let Some(place) = self.tunnels.locate(sender, &header)
        {
            let is_whole = self.tunnels.is_begun(place);
            let index = match self.by_session.get(&place) {
                Some(index) => *index,
                None => {
                    let index = self.push(Link { is_whole, is_l2tp: true, ..Link::default() })?;
                    self.by_session.insert(place, index);
                    index
                }
            };
            self.list[index].ends[sender].is_heard = true;
            return Some(index);
        }
        let key = header.map_or((sender, 0, 0), |header| (sender, header.tunnel_id, header.session_id));
        if let Some(index) = self.loose.get(&key) {
            return Some(*index);
        }
        // The other direction has numbers of its own: it is told by being the only one that lacks its counterpart.
        let mut halves =
            self.loose.values().copied().filter(|index| !self.list[*index].ends[sender].is_heard);
        let index = match (halves.next(), halves.next()) {
            (Some(half), None) => half,
            _ => self.push(Link { is_l2tp: header.is_some(), ..Link::default() })?,
        };
        self.list[index].ends[sender].is_heard = true;
        self.loose.insert(key, index);
        Some(index)
    }

    fn push(&mut self, link: Link) -> Option<usize> {
        (self.list.len() < MAX_LINKS).then(|| {
            self.list.push(link);
            self.list.len() - 1
        })
    }

    /// Finds the link of an entry. The caller judges it, and then has the links [learn](Links::learn) from it.
    pub(in crate::rule) fn turn<'a>(&'a mut self, seen: &'a Seen<'a>) -> Option<Turn<'a>> {
        let sender = seen.sender?;
        let (header, next) = path::ppp(seen)?;
        let index = self.find(seen, sender)?;
        let control = match next {
            Some(Layer::PppControl(control)) => Some(&**control),
            _ => None,
        };
        Some(Turn {
            link: &self.list[index],
            index,
            sender,
            frame: seen.entry.frame,
            time: seen.entry.time,
            header,
            next,
            control,
            message: control.and_then(Message::of),
            suspicions: RefCell::default(),
        })
    }

    /// The link of this index.
    pub(super) fn at(&self, index: usize) -> &Link {
        &self.list[index]
    }

    /// Notes what the recording lacks before the entry, and whether the entry itself cannot be read. Comes before
    /// [`Links::turn`]; returns whether something is missing.
    pub(in crate::rule) fn watch(&mut self, seen: &Seen<'_>) -> bool {
        let is_gap = self.sequences.skip(seen);
        if is_gap {
            self.tunnels.skip();
            for link in &mut self.list[self.gaps..] {
                link.is_whole = false;
            }
            self.gaps = self.list.len();
        }
        if path::is_unreadable(seen) {
            self.tunnels.miss();
            for link in &mut self.list[self.blind..] {
                link.is_whole = false;
                link.is_blind = true;
            }
            self.blind = self.list.len();
        }
        is_gap
    }

    /// Notes what the entry says.
    pub(in crate::rule) fn learn(&mut self, seen: &Seen<'_>) {
        let Some(sender) = seen.sender else { return };
        let (frame, time) = (seen.entry.frame, seen.entry.time);
        if let Some(message) = path::control(seen) {
            self.tunnels.learn(sender, message, frame, time);
        } else if let Some((_, Some(Layer::PppControl(control)))) = path::ppp(seen)
            && let Some(index) = self.find(seen, sender)
        {
            self.list[index].learn(sender, control, frame, time);
        }
    }
}

/// One PPP frame, before its link learns from it.
#[derive(Debug)]
pub(in crate::rule) struct Turn<'a> {
    pub(in crate::rule) link: &'a Link,
    /// Which link it is.
    pub(in crate::rule) index: usize,
    pub(in crate::rule) sender: Role,
    pub(in crate::rule) frame: u64,
    pub(in crate::rule) time: i64,
    pub(super) header: FrameHeader,
    /// The layer behind the header.
    pub(super) next: Option<&'a Layer>,
    pub(super) control: Option<&'a Control>,
    pub(super) message: Option<Message>,
    pub(super) suspicions: RefCell<Vec<String>>,
}

impl<'a> Turn<'a> {
    /// Reports at the end that the sender broke the requirement in this frame, unless something is missing from the
    /// recording of this link: for what is wrong only if the recording has everything.
    pub(in crate::rule) fn suspect(&self, text: impl Into<String>) {
        if self.link.is_whole {
            self.suspicions.borrow_mut().push(text.into());
        }
    }

    /// Reports that the sender broke the requirement in this frame.
    pub(in crate::rule) fn violation(&self, report: &mut Report<'_>, text: impl Into<String>) {
        report.violation(self.frame, Some(self.sender), text);
    }

    /// The packet, if it is one of LCP.
    pub(super) fn lcp(&self) -> Option<&Message> {
        self.message.as_ref().filter(|message| message.protocol == Protocol::Lcp)
    }

    /// The packet, if it is one of CHAP.
    pub(super) fn chap(&self) -> Option<&'a chap::Packet> {
        match self.control? {
            Control::Chap(packet) => Some(packet),
            _ => None,
        }
    }
}
