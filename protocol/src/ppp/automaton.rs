//! The option negotiation automaton as RFC 1661 section 4.1 prints it: state and event to actions and state. It knows
//! nothing of options, timers or octets.

/// A state (RFC 1661 section 4.2), in the table's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Initial,
    Starting,
    Closed,
    Stopped,
    Closing,
    Stopping,
    ReqSent,
    AckRcvd,
    AckSent,
    Opened,
}

/// An event (RFC 1661 section 4.3), in the table's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Up,
    Down,
    Open,
    Close,
    /// TO+: timeout with counter above zero.
    Timeout,
    /// TO-: timeout with counter expired.
    TimeoutExpired,
    /// RCR+: a good Configure-Request.
    RequestGood,
    /// RCR-: a bad one.
    RequestBad,
    /// RCA: Configure-Ack.
    Ack,
    /// RCN: Configure-Nak or -Reject.
    NakOrReject,
    /// RTR: Terminate-Request.
    TerminateRequest,
    /// RTA: Terminate-Ack.
    TerminateAck,
    /// RUC: unknown code.
    UnknownCode,
    /// RXJ+: a Code-Reject or Protocol-Reject that can be borne.
    RejectBearable,
    /// RXJ-: one that cannot.
    RejectFatal,
    /// RXR: Echo-Request, Echo-Reply or Discard-Request.
    Echo,
}

/// An action (RFC 1661 section 4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// tlu
    ThisLayerUp,
    /// tld
    ThisLayerDown,
    /// tls
    ThisLayerStarted,
    /// tlf
    ThisLayerFinished,
    /// irc
    InitializeRestartCount,
    /// zrc
    ZeroRestartCount,
    /// scr
    SendConfigureRequest,
    /// sca
    SendConfigureAck,
    /// scn: Configure-Nak or -Reject.
    SendConfigureNak,
    /// str
    SendTerminateRequest,
    /// sta
    SendTerminateAck,
    /// scj
    SendCodeReject,
    /// ser
    SendEchoReply,
}

/// The table. A cell that the RFC leaves out cannot happen; it changes and does nothing.
#[expect(
    clippy::too_many_lines,
    clippy::unnested_or_patterns,
    reason = "the table has a hundred and sixty cells, a row an event"
)]
pub(super) const fn next(state: State, event: Event) -> (State, &'static [Action]) {
    use Action::{
        InitializeRestartCount as Irc, SendCodeReject as Scj, SendConfigureAck as Sca,
        SendConfigureNak as Scn, SendConfigureRequest as Scr, SendEchoReply as Ser, SendTerminateAck as Sta,
        SendTerminateRequest as Str, ThisLayerDown as Tld, ThisLayerFinished as Tlf, ThisLayerStarted as Tls,
        ThisLayerUp as Tlu, ZeroRestartCount as Zrc,
    };
    use Event as E;
    use State as S;
    match (event, state) {
        (E::Up, S::Initial) => (S::Closed, &[]),
        (E::Up, S::Starting) => (S::ReqSent, &[Irc, Scr]),

        (E::Down, S::Closed | S::Closing) => (S::Initial, &[]),
        (E::Down, S::Stopped) => (S::Starting, &[Tls]),
        (E::Down, S::Stopping | S::ReqSent | S::AckRcvd | S::AckSent) => (S::Starting, &[]),
        (E::Down, S::Opened) => (S::Starting, &[Tld]),

        (E::Open, S::Initial) => (S::Starting, &[Tls]),
        (E::Open, S::Closed) => (S::ReqSent, &[Irc, Scr]),
        (E::Open, S::Closing) => (S::Stopping, &[]),
        (
            E::Open,
            S::Starting | S::Stopped | S::Stopping | S::ReqSent | S::AckRcvd | S::AckSent | S::Opened,
        ) => (state, &[]),

        (E::Close, S::Initial) => (S::Initial, &[]),
        (E::Close, S::Starting) => (S::Initial, &[Tlf]),
        (E::Close, S::Closed | S::Stopped) => (S::Closed, &[]),
        (E::Close, S::Closing | S::Stopping) => (S::Closing, &[]),
        (E::Close, S::ReqSent | S::AckRcvd | S::AckSent) => (S::Closing, &[Irc, Str]),
        (E::Close, S::Opened) => (S::Closing, &[Tld, Irc, Str]),

        (E::Timeout, S::Closing | S::Stopping) => (state, &[Str]),
        (E::Timeout, S::ReqSent | S::AckRcvd) => (S::ReqSent, &[Scr]),
        (E::Timeout, S::AckSent) => (S::AckSent, &[Scr]),
        (E::TimeoutExpired, S::Closing) => (S::Closed, &[Tlf]),
        (E::TimeoutExpired, S::Stopping | S::ReqSent | S::AckRcvd | S::AckSent) => (S::Stopped, &[Tlf]),

        (E::RequestGood, S::Closed) => (S::Closed, &[Sta]),
        (E::RequestGood, S::Stopped) => (S::AckSent, &[Irc, Scr, Sca]),
        (E::RequestGood, S::ReqSent | S::AckSent) => (S::AckSent, &[Sca]),
        (E::RequestGood, S::AckRcvd) => (S::Opened, &[Sca, Tlu]),
        (E::RequestGood, S::Opened) => (S::AckSent, &[Tld, Scr, Sca]),
        (E::RequestBad, S::Closed) => (S::Closed, &[Sta]),
        (E::RequestBad, S::Stopped) => (S::ReqSent, &[Irc, Scr, Scn]),
        (E::RequestBad, S::ReqSent | S::AckSent) => (S::ReqSent, &[Scn]),
        (E::RequestBad, S::AckRcvd) => (S::AckRcvd, &[Scn]),
        (E::RequestBad, S::Opened) => (S::ReqSent, &[Tld, Scr, Scn]),
        (E::RequestGood | E::RequestBad, S::Closing | S::Stopping) => (state, &[]),

        (E::Ack | E::NakOrReject, S::Closed | S::Stopped) => (state, &[Sta]),
        (E::Ack | E::NakOrReject, S::Closing | S::Stopping) => (state, &[]),
        (E::Ack, S::ReqSent) => (S::AckRcvd, &[Irc]),
        (E::Ack, S::AckSent) => (S::Opened, &[Irc, Tlu]),
        (E::NakOrReject, S::ReqSent) => (S::ReqSent, &[Irc, Scr]),
        (E::NakOrReject, S::AckSent) => (S::AckSent, &[Irc, Scr]),
        (E::Ack | E::NakOrReject, S::AckRcvd) => (S::ReqSent, &[Scr]),
        (E::Ack | E::NakOrReject, S::Opened) => (S::ReqSent, &[Tld, Scr]),

        (E::TerminateRequest, S::Closed | S::Stopped | S::Closing | S::Stopping) => (state, &[Sta]),
        (E::TerminateRequest, S::ReqSent | S::AckRcvd | S::AckSent) => (S::ReqSent, &[Sta]),
        (E::TerminateRequest, S::Opened) => (S::Stopping, &[Tld, Zrc, Sta]),
        (E::TerminateAck, S::Closed | S::Stopped | S::ReqSent | S::AckSent) => (state, &[]),
        (E::TerminateAck, S::Closing) => (S::Closed, &[Tlf]),
        (E::TerminateAck, S::Stopping) => (S::Stopped, &[Tlf]),
        (E::TerminateAck, S::AckRcvd) => (S::ReqSent, &[]),
        (E::TerminateAck, S::Opened) => (S::ReqSent, &[Tld, Scr]),

        (
            E::UnknownCode,
            S::Closed
            | S::Stopped
            | S::Closing
            | S::Stopping
            | S::ReqSent
            | S::AckRcvd
            | S::AckSent
            | S::Opened,
        ) => (state, &[Scj]),
        (E::RejectBearable, S::AckRcvd) => (S::ReqSent, &[]),
        (
            E::RejectBearable,
            S::Closed | S::Stopped | S::Closing | S::Stopping | S::ReqSent | S::AckSent | S::Opened,
        ) => (state, &[]),
        (E::RejectFatal, S::Closed | S::Closing) => (S::Closed, &[Tlf]),
        (E::RejectFatal, S::Stopped | S::Stopping | S::ReqSent | S::AckRcvd | S::AckSent) => {
            (S::Stopped, &[Tlf])
        }
        (E::RejectFatal, S::Opened) => (S::Stopping, &[Tld, Irc, Str]),

        (E::Echo, S::Opened) => (S::Opened, &[Ser]),
        (
            E::Echo,
            S::Closed | S::Stopped | S::Closing | S::Stopping | S::ReqSent | S::AckRcvd | S::AckSent,
        ) => (state, &[]),

        (
            E::Up,
            S::Closed
            | S::Stopped
            | S::Closing
            | S::Stopping
            | S::ReqSent
            | S::AckRcvd
            | S::AckSent
            | S::Opened,
        )
        | (E::Down, S::Initial | S::Starting)
        | (E::Timeout | E::TimeoutExpired, S::Initial | S::Starting | S::Closed | S::Stopped | S::Opened)
        | (
            E::RequestGood
            | E::RequestBad
            | E::Ack
            | E::NakOrReject
            | E::TerminateRequest
            | E::TerminateAck
            | E::UnknownCode
            | E::RejectBearable
            | E::RejectFatal
            | E::Echo,
            S::Initial | S::Starting,
        ) => (state, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two halves of the table in the RFC's own layout and words; "-" cannot happen, and the letters behind a state
    /// (restart option, passive option, crossed) belong to its footnotes.
    const TABLE: &str = "
Up    | 2 | irc,scr/6 | - | - | - | - | - | - | - | -
Down  | - | - | 0 | tls/1 | 0 | 1 | 1 | 1 | 1 | tld/1
Open  | tls/1 | 1 | irc,scr/6 | 3r | 5r | 5r | 6 | 7 | 8 | 9r
Close | 0 | tlf/0 | 2 | 2 | 4 | 4 | irc,str/4 | irc,str/4 | irc,str/4 | tld,irc,str/4
TO+   | - | - | - | - | str/4 | str/5 | scr/6 | scr/6 | scr/8 | -
TO-   | - | - | - | - | tlf/2 | tlf/3 | tlf/3p | tlf/3p | tlf/3p | -
RCR+  | - | - | sta/2 | irc,scr,sca/8 | 4 | 5 | sca/8 | sca,tlu/9 | sca/8 | tld,scr,sca/8
RCR-  | - | - | sta/2 | irc,scr,scn/6 | 4 | 5 | scn/6 | scn/7 | scn/6 | tld,scr,scn/6
RCA   | - | - | sta/2 | sta/3 | 4 | 5 | irc/7 | scr/6x | irc,tlu/9 | tld,scr/6x
RCN   | - | - | sta/2 | sta/3 | 4 | 5 | irc,scr/6 | scr/6x | irc,scr/8 | tld,scr/6x
RTR   | - | - | sta/2 | sta/3 | sta/4 | sta/5 | sta/6 | sta/6 | sta/6 | tld,zrc,sta/5
RTA   | - | - | 2 | 3 | tlf/2 | tlf/3 | 6 | 6 | 8 | tld,scr/6
RUC   | - | - | scj/2 | scj/3 | scj/4 | scj/5 | scj/6 | scj/7 | scj/8 | scj/9
RXJ+  | - | - | 2 | 3 | 4 | 5 | 6 | 6 | 8 | 9
RXJ-  | - | - | tlf/2 | tlf/3 | tlf/2 | tlf/3 | tlf/3 | tlf/3 | tlf/3 | tld,irc,str/5
RXR   | - | - | 2 | 3 | 4 | 5 | 6 | 7 | 8 | ser/9";

    const STATES: [State; 10] = [
        State::Initial,
        State::Starting,
        State::Closed,
        State::Stopped,
        State::Closing,
        State::Stopping,
        State::ReqSent,
        State::AckRcvd,
        State::AckSent,
        State::Opened,
    ];

    const EVENTS: [Event; 16] = [
        Event::Up,
        Event::Down,
        Event::Open,
        Event::Close,
        Event::Timeout,
        Event::TimeoutExpired,
        Event::RequestGood,
        Event::RequestBad,
        Event::Ack,
        Event::NakOrReject,
        Event::TerminateRequest,
        Event::TerminateAck,
        Event::UnknownCode,
        Event::RejectBearable,
        Event::RejectFatal,
        Event::Echo,
    ];

    const fn word(action: Action) -> &'static str {
        match action {
            Action::ThisLayerUp => "tlu",
            Action::ThisLayerDown => "tld",
            Action::ThisLayerStarted => "tls",
            Action::ThisLayerFinished => "tlf",
            Action::InitializeRestartCount => "irc",
            Action::ZeroRestartCount => "zrc",
            Action::SendConfigureRequest => "scr",
            Action::SendConfigureAck => "sca",
            Action::SendConfigureNak => "scn",
            Action::SendTerminateRequest => "str",
            Action::SendTerminateAck => "sta",
            Action::SendCodeReject => "scj",
            Action::SendEchoReply => "ser",
        }
    }

    #[test]
    fn every_cell_matches_rfc_1661_section_4_1() {
        let rows: Vec<&str> = TABLE.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(rows.len(), EVENTS.len());
        for (row, event) in rows.iter().zip(EVENTS) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            assert_eq!(cells.len(), STATES.len() + 1, "{row}");
            for (number, state) in STATES.into_iter().enumerate() {
                let (to, actions) = next(state, event);
                let to = STATES.iter().position(|other| *other == to).unwrap();
                let words: Vec<&str> = actions.iter().map(|action| word(*action)).collect();
                let got = match (words.is_empty(), cells[number + 1]) {
                    (true, "-") if to == number => "-".to_owned(),
                    (true, _) => to.to_string(),
                    (false, _) => format!("{}/{to}", words.join(",")),
                };
                let expected = cells[number + 1].trim_end_matches(['r', 'p', 'x']);
                assert_eq!(got, expected, "{} in state {number}, {state:?}", cells[0]);
            }
        }
    }
}
