//! One control protocol of a link: the automaton with its options, identifiers, counters and restart timer (RFC 1661
//! sections 4.3 to 4.6 and 5).

use core::time::Duration;

use super::automaton::{self, Action, Event, State};
use super::control::{Body, Code, OptionSet, Packet};
use crate::codec::Codec;
use crate::time::Instant;

/// Counters and timers (RFC 1661 section 4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// The restart timer.
    pub restart: Duration,
    /// How many Configure-Requests go unanswered.
    pub max_configure: u32,
    /// How many Terminate-Requests go unanswered.
    pub max_terminate: u32,
    /// How many Configure-Naks before what is not liked is rejected.
    pub max_failure: u32,
}

impl Default for Timers {
    /// What RFC 1661 section 4.6 recommends.
    fn default() -> Self {
        Self { restart: Duration::from_secs(3), max_configure: 10, max_terminate: 2, max_failure: 5 }
    }
}

/// What is thought of a peer's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement<O> {
    Good,
    /// These values would be better.
    Nak(Vec<O>),
    /// These options are not wanted.
    Reject(Vec<O>),
}

/// What an end wants of a control protocol.
pub(super) trait Desire {
    type Option: OptionSet + Clone + PartialEq + core::fmt::Debug;

    /// The options to ask for.
    fn request(&self) -> Vec<Self::Option>;
    /// Judges the peer's request. Once nothing may be nak'd any more, what is not liked is rejected.
    fn judge(&mut self, options: &[Self::Option], may_nak: bool) -> Judgement<Self::Option>;
    /// The peer's request is acknowledged.
    fn on_granted(&mut self, options: &[Self::Option]);
    /// The peer would like other values.
    fn on_nak(&mut self, options: &[Self::Option]);
    /// The peer does not want these.
    fn on_reject(&mut self, options: &[Self::Option]);
}

/// What a negotiation leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// A packet to send.
    Send(Vec<u8>),
    Up,
    Down,
    Started,
    Finished,
}

/// A control protocol.
#[derive(Debug)]
pub(super) struct Negotiation<D: Desire> {
    pub(super) desire: D,
    timers: Timers,
    state: State,
    counter: u32,
    failures: u32,
    identifier: u8,
    requested: Vec<D::Option>,
    /// When the restart timer ends.
    pub(super) deadline: Option<Instant>,
    /// Data of our Terminate-Requests.
    pub(super) terminate_data: Vec<u8>,
}

impl<D: Desire> Negotiation<D> {
    pub(super) const fn new(desire: D, timers: Timers, first_identifier: u8) -> Self {
        Self {
            desire,
            timers,
            state: State::Initial,
            counter: 0,
            failures: 0,
            identifier: first_identifier.wrapping_sub(1),
            requested: Vec::new(),
            deadline: None,
            terminate_data: Vec::new(),
        }
    }

    pub(super) fn is_opened(&self) -> bool {
        self.state == State::Opened
    }

    /// Whether it was opened and not given up: it waits, negotiates or stands.
    pub(super) const fn is_alive(&self) -> bool {
        !matches!(self.state, State::Initial | State::Closed | State::Stopped)
    }

    /// An identifier for a packet of our own.
    pub(super) const fn next_identifier(&mut self) -> u8 {
        self.identifier = self.identifier.wrapping_add(1);
        self.identifier
    }

    pub(super) fn up(&mut self, now: Instant) -> Vec<Effect> {
        self.step(now, Event::Up, None)
    }

    pub(super) fn down(&mut self, now: Instant) -> Vec<Effect> {
        self.step(now, Event::Down, None)
    }

    pub(super) fn open(&mut self, now: Instant) -> Vec<Effect> {
        self.step(now, Event::Open, None)
    }

    pub(super) fn close(&mut self, now: Instant) -> Vec<Effect> {
        self.step(now, Event::Close, None)
    }

    /// Waits for the peer's first request without a word: where a passive open leads (RFC 1661 section 4.2, Stopped).
    pub(super) const fn wait(&mut self) {
        self.state = State::Stopped;
    }

    /// Whether an Echo-Request is answered in this state.
    pub(super) fn answers_echo(&self) -> bool {
        automaton::next(self.state, Event::Echo).1.contains(&Action::SendEchoReply)
    }

    /// The peer does not know the protocol.
    pub(super) fn protocol_rejected(&mut self, now: Instant) -> Vec<Effect> {
        self.step(now, Event::RejectFatal, None)
    }

    pub(super) fn on_timeout(&mut self, now: Instant) -> Vec<Effect> {
        if self.deadline.is_none_or(|deadline| deadline > now) {
            return Vec::new();
        }
        self.deadline = None;
        let event = if self.counter > 0 { Event::Timeout } else { Event::TimeoutExpired };
        self.step(now, event, None)
    }

    /// Takes a packet of the codes that every control protocol has. `None` if it was set aside: it answers nothing that was
    /// asked (RFC 1661 section 5.2).
    pub(super) fn on_packet(&mut self, now: Instant, packet: &Packet<D::Option>) -> Option<Vec<Effect>> {
        let is_ours = packet.identifier == self.identifier;
        let (event, packet) = match (packet.code, &packet.body) {
            (Code::ConfigureRequest, Body::Options(options)) => {
                let may_nak = self.failures < self.timers.max_failure;
                match self.desire.judge(options, may_nak) {
                    Judgement::Good => {
                        self.desire.on_granted(options);
                        (Event::RequestGood, answer(packet, Code::ConfigureAck, options.clone()))
                    }
                    Judgement::Nak(better) => {
                        self.failures = self.failures.saturating_add(1);
                        (Event::RequestBad, answer(packet, Code::ConfigureNak, better))
                    }
                    Judgement::Reject(unwanted) => {
                        (Event::RequestBad, answer(packet, Code::ConfigureReject, unwanted))
                    }
                }
            }
            (Code::ConfigureAck, Body::Options(options)) if is_ours && *options == self.requested => {
                (Event::Ack, None)
            }
            (Code::ConfigureNak, Body::Options(options)) if is_ours => {
                self.desire.on_nak(options);
                (Event::NakOrReject, None)
            }
            (Code::ConfigureReject, Body::Options(options))
                if is_ours && options.iter().all(|option| self.requested.contains(option)) =>
            {
                self.desire.on_reject(options);
                (Event::NakOrReject, None)
            }
            (Code::TerminateRequest, _) => {
                let body = Body::Data(Vec::new());
                let ack = Packet::<D::Option> {
                    code: Code::TerminateAck,
                    identifier: packet.identifier,
                    body,
                    padding: Vec::new(),
                };
                (Event::TerminateRequest, ack.to_octets().ok())
            }
            (Code::TerminateAck, _) => (Event::TerminateAck, None),
            (Code::CodeReject, Body::RejectedPacket(rejected)) => {
                // Codes 1 to 6 no peer can do without (LCP-1661-5.6-b).
                let is_fatal = rejected.first().is_some_and(|code| (1..=6).contains(code));
                (if is_fatal { Event::RejectFatal } else { Event::RejectBearable }, None)
            }
            (Code::Unknown(_) | Code::VendorSpecific, _) => {
                let rejected = packet.to_octets().unwrap_or_default();
                let reject = Packet::<D::Option> {
                    code: Code::CodeReject,
                    identifier: self.next_identifier(),
                    body: Body::RejectedPacket(rejected),
                    padding: Vec::new(),
                };
                (Event::UnknownCode, reject.to_octets().ok())
            }
            _ => return None,
        };
        Some(self.step(now, event, packet.as_deref()))
    }

    /// Takes a step of the automaton. `answer` is what its answering action sends.
    fn step(&mut self, now: Instant, event: Event, answer: Option<&[u8]>) -> Vec<Effect> {
        let (state, actions) = automaton::next(self.state, event);
        let mut effects = Vec::new();
        self.state = state;
        for action in actions {
            match action {
                Action::ThisLayerUp => effects.push(Effect::Up),
                Action::ThisLayerDown => effects.push(Effect::Down),
                Action::ThisLayerStarted => effects.push(Effect::Started),
                Action::ThisLayerFinished => effects.push(Effect::Finished),
                Action::InitializeRestartCount => {
                    let terminates = matches!(state, State::Closing | State::Stopping);
                    self.counter =
                        if terminates { self.timers.max_terminate } else { self.timers.max_configure };
                }
                Action::ZeroRestartCount => {
                    self.counter = 0;
                    self.deadline = Some(now + self.timers.restart);
                }
                Action::SendConfigureRequest => effects.extend(self.configure_request(now)),
                Action::SendTerminateRequest => effects.extend(self.terminate_request(now)),
                Action::SendConfigureAck
                | Action::SendConfigureNak
                | Action::SendTerminateAck
                | Action::SendCodeReject => {
                    effects.extend(self.answering(*action, answer));
                }
                // The owner answers, for it knows the magic number.
                Action::SendEchoReply => {}
            }
        }
        let waits = matches!(
            state,
            State::Closing | State::Stopping | State::ReqSent | State::AckRcvd | State::AckSent
        );
        if !waits {
            self.deadline = None;
        }
        if state == State::Opened {
            self.failures = 0;
        }
        effects
    }

    /// The packet of an answering action. One that answers what was not understood in this state ends the talk.
    fn answering(&mut self, action: Action, answer: Option<&[u8]>) -> Option<Effect> {
        match (action, answer) {
            (Action::SendTerminateAck, None | Some([1..=4, ..])) => {
                let ack = Packet::<D::Option> {
                    code: Code::TerminateAck,
                    identifier: self.next_identifier(),
                    body: Body::Data(Vec::new()),
                    padding: Vec::new(),
                };
                ack.to_octets().ok().map(Effect::Send)
            }
            (_, Some(octets)) => Some(Effect::Send(octets.to_vec())),
            (_, None) => None,
        }
    }

    fn configure_request(&mut self, now: Instant) -> Option<Effect> {
        self.requested = self.desire.request();
        self.counter = self.counter.saturating_sub(1);
        self.deadline = Some(now + self.timers.restart);
        let request = Packet {
            code: Code::ConfigureRequest,
            identifier: self.next_identifier(),
            body: Body::Options(self.requested.clone()),
            padding: Vec::new(),
        };
        request.to_octets().ok().map(Effect::Send)
    }

    fn terminate_request(&mut self, now: Instant) -> Option<Effect> {
        self.counter = self.counter.saturating_sub(1);
        self.deadline = Some(now + self.timers.restart);
        let request = Packet::<D::Option> {
            code: Code::TerminateRequest,
            identifier: self.next_identifier(),
            body: Body::Data(self.terminate_data.clone()),
            padding: Vec::new(),
        };
        request.to_octets().ok().map(Effect::Send)
    }
}

fn answer<O: OptionSet>(request: &Packet<O>, code: Code, options: Vec<O>) -> Option<Vec<u8>> {
    let body = Body::Options(options);
    Packet { code, identifier: request.identifier, body, padding: Vec::new() }.to_octets().ok()
}
