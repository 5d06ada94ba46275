//! PPP: what each end asks for, what its peer makes of it, who authenticates whom and how.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use l2tpspec_protocol::codec::Writer;
use l2tpspec_protocol::l2tp::wire::{ControlMessage, MessageType};
use l2tpspec_protocol::ppp::control::Code;
use l2tpspec_protocol::ppp::{Control, chap, pap};

use super::super::class::Class;
use super::super::flat::{Flat, Part};
use super::super::note::Notebook;
use super::super::timing::{Asked, Copies, Left, Measure, Periodic};
use super::Ends;
use crate::rule::ppp::message::{Content, Message};
use crate::scenario::vocabulary::normalised;
use crate::transcript::Layer;
use crate::transcript::connection::Role;

/// What is remembered of PPP.
#[derive(Debug, Default)]
pub(super) struct Ppp {
    copies: Copies,
    echoes: Ends<Periodic>,
    unanswered: Ends<Asked>,
    /// Challenges after the first was met.
    challenges: Ends<Periodic>,
    is_authenticated: bool,
    /// A session was seen to begin, so that the first request seen is the first.
    is_from_begin: bool,
    is_open: bool,
    dialogues: BTreeMap<(&'static str, Role), Dialogue>,
    /// Protocols in which an end asked for something.
    asked: BTreeSet<(&'static str, Role)>,
}

/// What one end asks for in one protocol.
#[derive(Debug, Default)]
struct Dialogue {
    has_asked: bool,
    /// The request that waits for an answer.
    waiting: Option<(u8, Vec<(String, String)>)>,
    /// Options that were answered once.
    answered: BTreeSet<String>,
}

impl Ppp {
    pub(super) fn turn(&mut self) {
        self.echoes.turn();
        self.challenges.turn();
        self.unanswered.turn();
        self.dialogues.clear();
        self.asked =
            std::mem::take(&mut self.asked).into_iter().map(|(layer, role)| (layer, !role)).collect();
    }

    pub(super) const fn echoes(&self, role: Role) -> &Periodic {
        self.echoes.of(role)
    }

    pub(super) const fn challenges(&self, role: Role) -> &Periodic {
        self.challenges.of(role)
    }

    /// Whether an end asked for something in a protocol.
    pub(super) fn has_asked(&self, layer: &'static str, role: Role) -> bool {
        self.asked.contains(&(layer, role))
    }

    /// Whether the beginning of a session is in the recording.
    pub(super) const fn is_from_begin(&self) -> bool {
        self.is_from_begin
    }

    /// There is occasion for an echo.
    pub(super) fn occasion(&mut self, role: Role, now: i64, silence: i64) {
        if self.is_open {
            self.echoes.of_mut(role).occasion(now, silence);
        }
        if self.is_open && self.is_authenticated {
            self.challenges.of_mut(role).occasion(now, silence);
        }
    }

    /// A request that is sent again may have another identifier, which the answer repeats.
    fn renumber(&mut self, name: &'static str, control: &Control, by: Role) {
        let Some(message) = Message::of(control).filter(|message| message.code == Code::ConfigureRequest)
        else {
            return;
        };
        if let Some((identifier, _)) = self.dialogues.get_mut(&(name, by)).and_then(|it| it.waiting.as_mut())
        {
            *identifier = message.identifier;
        }
    }

    /// A session begins.
    pub(super) fn begin_anew(&mut self, book: &mut Notebook<'_>) {
        for left in self.copies.end() {
            again(Some(left), book);
        }
        self.dialogues.clear();
        self.is_from_begin = true;
        self.is_open = false;
        self.is_authenticated = false;
    }

    /// A control message of L2TP may end the session.
    pub(super) fn ends(&mut self, message: &ControlMessage) {
        if let Some(MessageType::StopControlConnectionNotification | MessageType::CallDisconnectNotify) =
            message.message_type()
        {
            self.is_open = false;
        }
    }

    pub(super) fn see(
        &mut self,
        control: &Control,
        layer: &Layer,
        now: i64,
        silence: i64,
        book: &mut Notebook<'_>,
    ) {
        let name = layer.name();
        // Echoes come by the clock and are never sent again.
        let is_echo = matches!(control, Control::Lcp(packet) if matches!(packet.code, Code::EchoRequest | Code::EchoReply));
        if !is_echo {
            let digest = digest(control, name);
            let (is_copy, left) = match is_question(control) {
                true => self.copies.see(digest, book.by, now, book.frame),
                false => self.copies.see_answer(digest, book.by, now, book.frame),
            };
            again(left, book);
            if is_copy {
                self.renumber(name, control, book.by);
                return;
            }
        }
        self.is_open |= name != "lcp";
        match control {
            Control::Chap(packet) => {
                if packet.code == chap::Code::Challenge && self.is_authenticated {
                    self.challenges.of_mut(book.by).done(now, 0, book.frame);
                }
                self.is_authenticated |= packet.code == chap::Code::Success;
                challenge(packet, layer, book);
            }
            Control::Pap(packet) if packet.code != pap::Code::AuthenticateRequest => {
                own(&normalised(&packet.code.to_string()), layer, book);
            }
            Control::Pap(_) => {
                book.message("pap", "authenticate_request");
            }
            Control::Eap(packet) => own(&normalised(&packet.code.to_string()), layer, book),
            _ => {
                if let Some(message) = Message::of(control) {
                    self.negotiation(name, &message, layer, now, silence, book);
                }
            }
        }
    }

    fn negotiation(
        &mut self,
        name: &'static str,
        message: &Message,
        layer: &Layer,
        now: i64,
        silence: i64,
        book: &mut Notebook<'_>,
    ) {
        match message.code {
            Code::ConfigureRequest => self.request(name, message.identifier, layer, book),
            Code::ConfigureAck | Code::ConfigureNak | Code::ConfigureReject => {
                self.answer(name, message, layer, book);
            }
            Code::EchoRequest => {
                self.echoes.of_mut(book.by).done(now, silence, book.frame);
                if self.unanswered.of_mut(book.by).ask(now, silence) {
                    book.of(!book.by, "lcp", "answers_echo", "no");
                }
            }
            Code::EchoReply => {
                self.unanswered.of_mut(!book.by).answered();
                book.alone("lcp", "answers_echo", "yes");
            }
            // That it is said, and not what: the second names the machine, and a recording may begin between the two.
            Code::Identification => {
                book.message("lcp", "identification");
            }
            Code::TerminateRequest => self.is_open &= name != "lcp",
            Code::ProtocolReject => {
                if let Content::RejectedProtocol(protocol) = message.content {
                    let field = format!("rejects_protocol.{}", normalised(&protocol.to_string()));
                    book.alone("lcp", &field, "rejected");
                }
            }
            _ => {}
        }
    }

    fn request(&mut self, name: &'static str, identifier: u8, layer: &Layer, book: &mut Notebook<'_>) {
        self.asked.insert((name, book.by));
        let parts = Flat::of(layer).parts;
        let dialogue = self.dialogues.entry((name, book.by)).or_default();
        let is_first = !std::mem::replace(&mut dialogue.has_asked, true) && self.is_from_begin;
        let options: Vec<(String, String)> = parts.iter().map(|part| (option(part), part.value())).collect();
        if is_first {
            let carrier = book.message(name, "requests");
            for (option, value) in &options {
                book.part(carrier, option, value);
            }
            let order: Vec<&str> = options.iter().map(|(option, _)| option.as_str()).collect();
            book.part(carrier, "order", &order.join("; "));
        }
        dialogue.waiting = Some((identifier, options));
    }

    fn answer(&mut self, name: &'static str, message: &Message, layer: &Layer, book: &mut Notebook<'_>) {
        let asker = !book.by;
        let dialogue = self.dialogues.entry((name, asker)).or_default();
        let Some((_, asked)) = dialogue.waiting.take_if(|(identifier, _)| *identifier == message.identifier)
        else {
            // An answer to what is not in the recording: what comes next is not the first request.
            dialogue.has_asked = true;
            return;
        };
        if message.code == Code::ConfigureAck {
            for (option, value) in asked {
                // A later answer says nothing of the first, which a recording that begins late lacks.
                if dialogue.answered.insert(option.clone()) && self.is_from_begin {
                    book.alone(name, &format!("answers.{option}"), "granted");
                }
                book.of(asker, name, &format!("agreed.{option}"), &value);
            }
            return;
        }
        for part in Flat::of(layer).parts {
            let option = option(&part);
            if dialogue.answered.insert(option.clone()) && self.is_from_begin {
                let word = match message.code {
                    Code::ConfigureReject => "rejected".to_owned(),
                    _ => format!("nak'd to {}", part.value()),
                };
                book.alone(name, &format!("answers.{option}"), &word);
            }
        }
    }

    /// What is still remembered when the recording ends.
    pub(super) fn schedules(&mut self) -> (bool, Vec<(Role, Vec<i64>, u64)>) {
        (self.copies.is_any, self.copies.end())
    }
}

/// The name of an option.
fn option(part: &Part) -> String {
    if part.name.chars().all(|c| c.is_ascii_digit()) {
        format!("option_{}", part.name)
    } else {
        part.name.clone()
    }
}

/// The fields of a message that has no options.
fn own(message: &str, layer: &Layer, book: &mut Notebook<'_>) {
    let carrier = book.message(layer.name(), message);
    for field in Flat::of(layer).all() {
        if matches!(field.class, Some(Class::Policy | Class::Negotiated)) && field.name() != "code" {
            book.part(carrier, field.name(), &field.text);
        }
    }
}

/// CHAP: the name of the authenticator is policy, that of its peer says who it is.
fn challenge(packet: &chap::Packet, layer: &Layer, book: &mut Notebook<'_>) {
    let name = normalised(&packet.code.to_string());
    let carrier = book.message("chap", &name);
    let flat = Flat::of(layer);
    let is_microsoft = !flat.parts.is_empty();
    for field in flat.all() {
        let is_compared = match field.name() {
            "code" => false,
            "name" => packet.code == chap::Code::Challenge,
            _ => field.class == Some(Class::Policy),
        };
        if is_compared {
            book.part(carrier, field.name(), &field.text);
        }
    }
    if let (chap::Body::Message(text), false) = (&packet.body, is_microsoft) {
        // A Success that is none of MS-CHAPv2's begins with its digits all the same.
        let text = if text.starts_with(b"S=") { text.get(42..).unwrap_or_default() } else { text };
        book.part(carrier, "message", &crate::triage::offer::quoted(text.trim_ascii_start()));
    }
}

fn again(left: Left, book: &mut Notebook<'_>) {
    if let Some((by, again, _)) = left {
        book.timed(by, "ppp", "retransmission", Measure::Again(again));
    }
}

/// Whether it is sent again by a clock.
fn is_question(control: &Control) -> bool {
    match control {
        Control::Chap(packet) => packet.code == chap::Code::Challenge,
        Control::Pap(packet) => packet.code == pap::Code::AuthenticateRequest,
        _ => Message::of(control)
            .is_some_and(|message| matches!(message.code, Code::ConfigureRequest | Code::TerminateRequest)),
    }
}

/// What copies of a packet have in common. Some count a question up each time that they send it.
fn digest(control: &Control, name: &str) -> u64 {
    /// Where the Identifier stands.
    const IDENTIFIER: usize = 1;
    let mut w = Writer::new();
    control.encode(&mut w);
    let mut octets = w.into_octets().unwrap_or_default();
    if let (Some(identifier), true) = (octets.get_mut(IDENTIFIER), is_question(control)) {
        *identifier = 0;
    }
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    octets.hash(&mut hasher);
    hasher.finish()
}
