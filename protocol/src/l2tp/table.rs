//! The state tables of RFC 2661: of a tunnel (section 7.2.1), and of an incoming call at its LAC (7.4.1) and its LNS
//! (7.4.2). An event whose cell the RFC leaves out changes nothing.

/// The state of a control connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tunnel {
    Idle,
    WaitCtlReply,
    WaitCtlConn,
    Established,
}

/// What happens to a control connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TunnelEvent {
    LocalOpen,
    SccrqAcceptable,
    SccrqNotAcceptable,
    SccrqLosesTie,
    SccrpAcceptable,
    SccrpNotAcceptable,
    ScccnAcceptable,
    ScccnNotAcceptable,
    AdminClose,
    StopCcn,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TunnelAction {
    SendSccrq,
    SendSccrp,
    SendScccn,
    SendStopCcn,
    /// Sends the tunnel-open event to the sessions that wait for it.
    OpenSessions,
    CleanUp,
    /// Takes the peer's SCCRQ as if nothing had been.
    Requeue,
}

/// The table of section 7.2.1.
pub(super) const fn tunnel(state: Tunnel, event: TunnelEvent) -> (Tunnel, &'static [TunnelAction]) {
    use Tunnel as S;
    use TunnelAction as A;
    use TunnelEvent as E;
    match (state, event) {
        (S::Idle, E::LocalOpen) => (S::WaitCtlReply, &[A::SendSccrq]),
        (S::Idle, E::SccrqAcceptable) => (S::WaitCtlConn, &[A::SendSccrp]),
        (S::Idle, E::SccrqNotAcceptable | E::SccrpAcceptable | E::SccrpNotAcceptable) => {
            (S::Idle, &[A::SendStopCcn, A::CleanUp])
        }
        (S::Idle, E::ScccnAcceptable | E::ScccnNotAcceptable) => (S::Idle, &[A::CleanUp]),
        (S::Idle, E::SccrqLosesTie | E::AdminClose | E::StopCcn) => (S::Idle, &[]),

        (S::WaitCtlReply, E::SccrpAcceptable) => (S::Established, &[A::SendScccn, A::OpenSessions]),
        (S::WaitCtlReply, E::SccrpNotAcceptable) => (S::Idle, &[A::SendStopCcn, A::CleanUp]),
        (S::WaitCtlReply, E::SccrqLosesTie) => (S::Idle, &[A::CleanUp, A::Requeue]),
        (S::WaitCtlReply, E::ScccnAcceptable | E::ScccnNotAcceptable) => {
            (S::Idle, &[A::SendStopCcn, A::CleanUp])
        }
        // The winner of a tie goes on waiting; sessions that are wanted wait with it.
        (S::WaitCtlReply, E::SccrqAcceptable | E::SccrqNotAcceptable | E::LocalOpen) => {
            (S::WaitCtlReply, &[])
        }

        (S::WaitCtlConn, E::ScccnAcceptable) => (S::Established, &[A::OpenSessions]),
        (S::WaitCtlConn, E::ScccnNotAcceptable) => (S::Idle, &[A::SendStopCcn, A::CleanUp]),
        (
            S::WaitCtlConn,
            E::SccrqAcceptable
            | E::SccrqNotAcceptable
            | E::SccrqLosesTie
            | E::SccrpAcceptable
            | E::SccrpNotAcceptable,
        ) => (S::Idle, &[A::SendStopCcn, A::CleanUp]),
        (S::WaitCtlConn, E::LocalOpen) => (S::WaitCtlConn, &[]),

        (S::Established, E::LocalOpen) => (S::Established, &[A::OpenSessions]),
        (
            S::Established,
            E::AdminClose
            | E::SccrqAcceptable
            | E::SccrqNotAcceptable
            | E::SccrqLosesTie
            | E::SccrpAcceptable
            | E::SccrpNotAcceptable
            | E::ScccnAcceptable
            | E::ScccnNotAcceptable,
        ) => (S::Idle, &[A::SendStopCcn, A::CleanUp]),

        (S::WaitCtlReply | S::WaitCtlConn, E::AdminClose) => (S::Idle, &[A::SendStopCcn, A::CleanUp]),
        (S::WaitCtlReply | S::WaitCtlConn | S::Established, E::StopCcn) => (S::Idle, &[A::CleanUp]),
    }
}

/// The state of an incoming call, at either end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Session {
    Idle,
    /// LAC: the tunnel is not up.
    WaitTunnel,
    /// LAC: ICRQ was sent.
    WaitReply,
    /// LNS: ICRP was sent.
    WaitConnect,
    Established,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionEvent {
    /// The bearer rings: a call is wanted.
    Ring,
    TunnelOpen,
    LocalClose,
    IcrqAcceptable,
    IcrqNotAcceptable,
    IcrpAcceptable,
    IcrpNotAcceptable,
    IccnAcceptable,
    IccnNotAcceptable,
    Cdn,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionAction {
    /// Opens the tunnel, if it is not.
    OpenTunnel,
    SendIcrq,
    SendIcrp,
    SendIccn,
    SendCdn,
    CleanUp,
    /// Data may travel.
    PrepareForData,
}

/// The table of section 7.4.1, of a LAC.
pub(super) const fn lac(state: Session, event: SessionEvent) -> (Session, &'static [SessionAction]) {
    use Session as S;
    use SessionAction as A;
    use SessionEvent as E;
    match (state, event) {
        (S::Idle, E::Ring) => (S::WaitTunnel, &[A::OpenTunnel]),
        (
            S::Idle,
            E::IccnAcceptable | E::IccnNotAcceptable | E::IcrpAcceptable | E::IcrpNotAcceptable | E::Cdn,
        ) => (S::Idle, &[A::CleanUp]),
        (S::Idle, E::TunnelOpen | E::LocalClose | E::IcrqAcceptable | E::IcrqNotAcceptable) => (S::Idle, &[]),

        (S::WaitTunnel, E::LocalClose) => (S::Idle, &[A::CleanUp]),
        (S::WaitTunnel, E::TunnelOpen) => (S::WaitReply, &[A::SendIcrq]),
        (
            S::WaitTunnel,
            E::Ring
            | E::IcrqAcceptable
            | E::IcrqNotAcceptable
            | E::IcrpAcceptable
            | E::IcrpNotAcceptable
            | E::IccnAcceptable
            | E::IccnNotAcceptable
            | E::Cdn,
        ) => (S::WaitTunnel, &[]),

        (S::WaitReply, E::IcrpAcceptable) => (S::Established, &[A::SendIccn, A::PrepareForData]),
        (S::WaitReply, E::IcrpNotAcceptable | E::IcrqAcceptable | E::IcrqNotAcceptable | E::LocalClose) => {
            (S::Idle, &[A::SendCdn, A::CleanUp])
        }
        (S::WaitReply, E::Cdn | E::IccnAcceptable | E::IccnNotAcceptable) => (S::Idle, &[A::CleanUp]),
        (S::WaitReply, E::Ring | E::TunnelOpen) => (S::WaitReply, &[]),

        (S::Established, E::Cdn) => (S::Idle, &[A::CleanUp]),
        (
            S::Established,
            E::IcrqAcceptable
            | E::IcrqNotAcceptable
            | E::IcrpAcceptable
            | E::IcrpNotAcceptable
            | E::IccnAcceptable
            | E::IccnNotAcceptable
            | E::LocalClose,
        ) => (S::Idle, &[A::SendCdn, A::CleanUp]),
        (S::Established, E::Ring | E::TunnelOpen) => (S::Established, &[]),

        // A LAC is never in the state of an LNS.
        (S::WaitConnect, _) => (S::WaitConnect, &[]),
    }
}

/// The table of section 7.4.2, of an LNS.
pub(super) const fn lns(state: Session, event: SessionEvent) -> (Session, &'static [SessionAction]) {
    use Session as S;
    use SessionAction as A;
    use SessionEvent as E;
    match (state, event) {
        (S::Idle, E::IcrqAcceptable) => (S::WaitConnect, &[A::SendIcrp]),
        (S::Idle, E::IcrqNotAcceptable | E::IcrpAcceptable | E::IcrpNotAcceptable) => {
            (S::Idle, &[A::SendCdn, A::CleanUp])
        }
        (S::Idle, E::IccnAcceptable | E::IccnNotAcceptable) => (S::Idle, &[A::CleanUp]),
        (S::WaitConnect, E::IccnAcceptable) => (S::Established, &[A::PrepareForData]),
        (
            S::WaitConnect,
            E::IccnNotAcceptable
            | E::IcrqAcceptable
            | E::IcrqNotAcceptable
            | E::IcrpAcceptable
            | E::IcrpNotAcceptable,
        ) => (S::Idle, &[A::SendCdn, A::CleanUp]),
        (S::Idle | S::WaitConnect | S::Established, E::Cdn) => (S::Idle, &[A::CleanUp]),
        (S::WaitConnect | S::Established, E::LocalClose) => (S::Idle, &[A::SendCdn, A::CleanUp]),
        (
            S::Established,
            E::IcrqAcceptable
            | E::IcrqNotAcceptable
            | E::IcrpAcceptable
            | E::IcrpNotAcceptable
            | E::IccnAcceptable
            | E::IccnNotAcceptable,
        ) => (S::Idle, &[A::SendCdn, A::CleanUp]),
        (S::Idle, E::LocalClose | E::Ring | E::TunnelOpen) => (S::Idle, &[]),
        (S::WaitConnect, E::Ring | E::TunnelOpen) => (S::WaitConnect, &[]),
        (S::Established, E::Ring | E::TunnelOpen) => (S::Established, &[]),
        // An LNS is never in the states of a LAC.
        (S::WaitTunnel | S::WaitReply, _) => (state, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables as the RFC prints them, a row a line: state, event, action, new state.
    const TUNNEL: &str = "
idle           | LocalOpen          | SendSccrq                | wait-ctl-reply
idle           | SccrqAcceptable    | SendSccrp                | wait-ctl-conn
idle           | SccrqNotAcceptable | SendStopCcn CleanUp      | idle
idle           | SccrpAcceptable    | SendStopCcn CleanUp      | idle
idle           | SccrpNotAcceptable | SendStopCcn CleanUp      | idle
idle           | ScccnAcceptable    | CleanUp                  | idle
idle           | ScccnNotAcceptable | CleanUp                  | idle
wait-ctl-reply | SccrpAcceptable    | SendScccn OpenSessions   | established
wait-ctl-reply | SccrpNotAcceptable | SendStopCcn CleanUp      | idle
wait-ctl-reply | SccrqLosesTie      | CleanUp Requeue          | idle
wait-ctl-reply | ScccnAcceptable    | SendStopCcn CleanUp      | idle
wait-ctl-reply | ScccnNotAcceptable | SendStopCcn CleanUp      | idle
wait-ctl-reply | AdminClose         | SendStopCcn CleanUp      | idle
wait-ctl-reply | StopCcn            | CleanUp                  | idle
wait-ctl-conn  | ScccnAcceptable    | OpenSessions             | established
wait-ctl-conn  | ScccnNotAcceptable | SendStopCcn CleanUp      | idle
wait-ctl-conn  | SccrpAcceptable    | SendStopCcn CleanUp      | idle
wait-ctl-conn  | SccrpNotAcceptable | SendStopCcn CleanUp      | idle
wait-ctl-conn  | SccrqAcceptable    | SendStopCcn CleanUp      | idle
wait-ctl-conn  | SccrqNotAcceptable | SendStopCcn CleanUp      | idle
wait-ctl-conn  | SccrqLosesTie      | SendStopCcn CleanUp      | idle
wait-ctl-conn  | AdminClose         | SendStopCcn CleanUp      | idle
wait-ctl-conn  | StopCcn            | CleanUp                  | idle
established    | LocalOpen          | OpenSessions             | established
established    | AdminClose         | SendStopCcn CleanUp      | idle
established    | SccrqAcceptable    | SendStopCcn CleanUp      | idle
established    | SccrqNotAcceptable | SendStopCcn CleanUp      | idle
established    | SccrqLosesTie      | SendStopCcn CleanUp      | idle
established    | SccrpAcceptable    | SendStopCcn CleanUp      | idle
established    | SccrpNotAcceptable | SendStopCcn CleanUp      | idle
established    | ScccnAcceptable    | SendStopCcn CleanUp      | idle
established    | ScccnNotAcceptable | SendStopCcn CleanUp      | idle
established    | StopCcn            | CleanUp                  | idle";

    const LAC: &str = "
idle        | Ring              | OpenTunnel              | wait-tunnel
idle        | IccnAcceptable    | CleanUp                 | idle
idle        | IccnNotAcceptable | CleanUp                 | idle
idle        | IcrpAcceptable    | CleanUp                 | idle
idle        | IcrpNotAcceptable | CleanUp                 | idle
idle        | Cdn               | CleanUp                 | idle
wait-tunnel | LocalClose        | CleanUp                 | idle
wait-tunnel | TunnelOpen        | SendIcrq                | wait-reply
wait-reply  | IcrpAcceptable    | SendIccn PrepareForData | established
wait-reply  | IcrpNotAcceptable | SendCdn CleanUp         | idle
wait-reply  | IcrqAcceptable    | SendCdn CleanUp         | idle
wait-reply  | IcrqNotAcceptable | SendCdn CleanUp         | idle
wait-reply  | Cdn               | CleanUp                 | idle
wait-reply  | IccnAcceptable    | CleanUp                 | idle
wait-reply  | IccnNotAcceptable | CleanUp                 | idle
wait-reply  | LocalClose        | SendCdn CleanUp         | idle
established | Cdn               | CleanUp                 | idle
established | IcrqAcceptable    | SendCdn CleanUp         | idle
established | IcrqNotAcceptable | SendCdn CleanUp         | idle
established | IcrpAcceptable    | SendCdn CleanUp         | idle
established | IcrpNotAcceptable | SendCdn CleanUp         | idle
established | IccnAcceptable    | SendCdn CleanUp         | idle
established | IccnNotAcceptable | SendCdn CleanUp         | idle
established | LocalClose        | SendCdn CleanUp         | idle";

    const LNS: &str = "
idle         | IcrqAcceptable    | SendIcrp        | wait-connect
idle         | IcrqNotAcceptable | SendCdn CleanUp | idle
idle         | IcrpAcceptable    | SendCdn CleanUp | idle
idle         | IcrpNotAcceptable | SendCdn CleanUp | idle
idle         | IccnAcceptable    | CleanUp         | idle
idle         | IccnNotAcceptable | CleanUp         | idle
idle         | Cdn               | CleanUp         | idle
wait-connect | IccnAcceptable    | PrepareForData  | established
wait-connect | IccnNotAcceptable | SendCdn CleanUp | idle
wait-connect | IcrqAcceptable    | SendCdn CleanUp | idle
wait-connect | IcrqNotAcceptable | SendCdn CleanUp | idle
wait-connect | IcrpAcceptable    | SendCdn CleanUp | idle
wait-connect | IcrpNotAcceptable | SendCdn CleanUp | idle
wait-connect | Cdn               | CleanUp         | idle
wait-connect | LocalClose        | SendCdn CleanUp | idle
established  | Cdn               | CleanUp         | idle
established  | LocalClose        | SendCdn CleanUp | idle
established  | IcrqAcceptable    | SendCdn CleanUp | idle
established  | IcrqNotAcceptable | SendCdn CleanUp | idle
established  | IcrpAcceptable    | SendCdn CleanUp | idle
established  | IcrpNotAcceptable | SendCdn CleanUp | idle
established  | IccnAcceptable    | SendCdn CleanUp | idle
established  | IccnNotAcceptable | SendCdn CleanUp | idle";

    fn word(debug: &str) -> String {
        match debug {
            "Idle" => "idle",
            "WaitCtlReply" => "wait-ctl-reply",
            "WaitCtlConn" => "wait-ctl-conn",
            "WaitTunnel" => "wait-tunnel",
            "WaitReply" => "wait-reply",
            "WaitConnect" => "wait-connect",
            "Established" => "established",
            other => panic!("{other} is no state"),
        }
        .to_owned()
    }

    /// Every cell of a table against its rows: one without a row has to change and do nothing.
    fn every_cell<S, E, A>(rows: &str, states: &[S], events: &[E], next: fn(S, E) -> (S, &'static [A]))
    where
        S: Copy + core::fmt::Debug,
        E: Copy + core::fmt::Debug,
        A: core::fmt::Debug + 'static,
    {
        let mut seen = 0;
        for state in states {
            for event in events {
                let (to, actions) = next(*state, *event);
                let actions: Vec<String> = actions.iter().map(|action| format!("{action:?}")).collect();
                let from = word(&format!("{state:?}"));
                let got = (actions.join(" "), word(&format!("{to:?}")));
                let row = rows
                    .lines()
                    .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
                    .find(|row| row.len() == 4 && row[0] == from && row[1] == format!("{event:?}"));
                let expected = match row {
                    Some(row) => {
                        seen += 1;
                        (row[2].to_owned(), row[3].to_owned())
                    }
                    None => (String::new(), from.clone()),
                };
                assert_eq!(got, expected, "{from}, {event:?}");
            }
        }
        assert_eq!(seen, rows.lines().filter(|line| !line.is_empty()).count(), "a row names no cell");
    }

    #[test]
    fn every_cell_of_a_tunnel_matches_section_7_2_1() {
        use TunnelEvent as E;
        let events = [
            E::LocalOpen,
            E::SccrqAcceptable,
            E::SccrqNotAcceptable,
            E::SccrqLosesTie,
            E::SccrpAcceptable,
            E::SccrpNotAcceptable,
            E::ScccnAcceptable,
            E::ScccnNotAcceptable,
            E::AdminClose,
            E::StopCcn,
        ];
        let states = [Tunnel::Idle, Tunnel::WaitCtlReply, Tunnel::WaitCtlConn, Tunnel::Established];
        every_cell(TUNNEL, &states, &events, tunnel);
    }

    const SESSION_EVENTS: [SessionEvent; 10] = [
        SessionEvent::Ring,
        SessionEvent::TunnelOpen,
        SessionEvent::LocalClose,
        SessionEvent::IcrqAcceptable,
        SessionEvent::IcrqNotAcceptable,
        SessionEvent::IcrpAcceptable,
        SessionEvent::IcrpNotAcceptable,
        SessionEvent::IccnAcceptable,
        SessionEvent::IccnNotAcceptable,
        SessionEvent::Cdn,
    ];

    #[test]
    fn every_cell_of_a_lac_matches_section_7_4_1() {
        use Session as S;
        let states = [S::Idle, S::WaitTunnel, S::WaitReply, S::WaitConnect, S::Established];
        every_cell(LAC, &states, &SESSION_EVENTS, lac);
    }

    #[test]
    fn every_cell_of_an_lns_matches_section_7_4_2() {
        use Session as S;
        let states = [S::Idle, S::WaitTunnel, S::WaitReply, S::WaitConnect, S::Established];
        every_cell(LNS, &states, &SESSION_EVENTS, lns);
    }
}
