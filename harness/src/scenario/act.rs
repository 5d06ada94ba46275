//! What has a name: connecting as far as a stage, pings, transfers, rekeying, endings, restarts.

use std::net::Ipv4Addr;
use std::time::Duration;

use l2tpspec_protocol::stack::{Command, Event};
use l2tpspec_protocol::{isakmp, l2tp, ppp};
use serde_json::{Value, json};

use super::model::{Do, Matcher, Party};
use super::net::{Net, SUPERNODE, Seat};
use super::play::{Done, Play, Stop};
use super::routing;
use super::seams::{self, Stage};
use super::step::PARTIES;
use super::vocabulary::{Macro, Selector, Subject};
use super::{away, look};
use crate::transcript::connection::Role;
use crate::world::nat::{Nat, NatConfig, Outside};
use crate::world::route::Prefix;
use crate::world::station::TunnelId;
use crate::world::user::Ping;

impl Play<'_> {
    pub(super) fn act(&mut self, action: &Do) -> Done {
        match action.what {
            Macro::Phase1 => self.open(Stage::Phase1, action),
            Macro::Phase2 => self.open(Stage::Phase2, action),
            Macro::Tunnel => self.open(Stage::Tunnel, action),
            Macro::Session => self.open(Stage::Session, action),
            Macro::Lcp => self.open(Stage::Lcp, action),
            Macro::Authentication => self.open(Stage::Authentication, action),
            Macro::Ppp => self.open(Stage::Network, action),
            Macro::Connect => match action.text("client") {
                Some("neighbour") => self.connect_other(self.net.neighbour, action.within),
                _ => self.open(Stage::Network, action),
            },
            Macro::Begin => {
                self.open_to(Stage::Network);
                match action.text("client") {
                    Some("neighbour") => {
                        self.begin(self.net.neighbour);
                        Ok(())
                    }
                    _ => self.begin_client(),
                }
            }
            Macro::Ping => self.ping(action),
            Macro::Transfer => self.transfer(action),
            Macro::Rekey => self.rekey(action),
            Macro::Disconnect => self.disconnect(action),
            Macro::Probe => self.probe(),
            Macro::Restart => {
                let (role, config) = match action.text("of") {
                    Some("client") => (Role::Client, self.cast.client.clone()),
                    _ => (Role::Supernode, self.cast.supernode.clone()),
                };
                if role == Role::Client {
                    self.is_begun = false;
                }
                if self.is_foreign(role) {
                    return self.restart_abroad(role);
                }
                self.net.restart(self.net.seat(role), &config, role);
                Ok(())
            }
            Macro::Route => self.route(action),
            Macro::Masquerade if self.is_foreign(Role::Client) => {
                self.tell(Role::Client, "masquerade").map(|_| ())
            }
            Macro::Masquerade => {
                let nat = Nat::new(NatConfig::new(Outside::Tunnels));
                self.net.world.host_mut(self.net.client.host).set_nat(nat);
                Ok(())
            }
            Macro::Reauthenticate if self.is_foreign(Role::Supernode) => {
                self.tell(Role::Supernode, "reauthenticate").map(|_| ())
            }
            Macro::Reauthenticate => {
                let seat = self.net.supernode;
                let link = look::link_up(self.net.end(seat));
                let link = link.ok_or_else(|| Stop::Failed("no link is up".to_owned()))?;
                self.net.command(seat, Command::Ppp(ppp::Command::Reauthenticate { link }));
                Ok(())
            }
            Macro::Dns => self.ask(action),
            Macro::OspfPeer => self.start_ospf(action),
        }
    }

    fn begin(&mut self, seat: Seat) {
        self.net.command(seat, Command::Connect { local: seat.address.into(), peer: SUPERNODE.into() });
    }

    pub(super) fn begin_client(&mut self) -> Done {
        if !std::mem::replace(&mut self.is_begun, true) {
            if self.is_foreign(Role::Client) {
                self.tell(Role::Client, "connect")?;
            } else {
                self.begin(self.net.client);
            }
        }
        Ok(())
    }

    /// Lets the client connect as far as a stage.
    fn open(&mut self, stage: Stage, action: &Do) -> Done {
        let before: Vec<usize> = self.net.own_seats().map(|seat| reached(&self.net, seat, stage)).collect();
        let is_there = reached(&self.net, self.net.client, stage) > 0;
        if self.remotes.are_both() {
            return self.open_abroad(stage, action);
        }
        self.open_to(stage);
        self.begin_client()?;
        let until = self.net.world.now() + action.within;
        let client = self.net.client.host;
        let is_so = |net: &Net| {
            net.own_seats().zip(&before).all(|(seat, before)| {
                let now = reached(net, seat, stage);
                now > 0 && (seat.host == client || now > *before || is_there)
            })
        };
        if self.advance(until, is_so)? {
            return if stage == Stage::Network { self.settle_abroad() } else { Ok(()) };
        }
        let mut said = self.net.own_seats().filter_map(|seat| look::refusals(self.net.end(seat)).pop());
        let why = said.next().map_or_else(String::new, |why| format!(": {why}"));
        let (word, within) = (action.what.word(), action.within.as_secs_f64());
        Err(Stop::Failed(format!("{word} did not succeed within {within} s{why}")))
    }

    fn connect_other(&mut self, seat: Seat, within: Duration) -> Done {
        self.begin(seat);
        let until = self.net.world.now() + within;
        if self.advance(until, |net| look::link_up(net.end(seat)).is_some())? {
            return Ok(());
        }
        let why = look::refusals(self.net.end(seat)).pop().unwrap_or_default();
        Err(Stop::Failed(format!("a client did not connect within {} s: {why}", within.as_secs_f64())))
    }

    /// Whether the subject still does what it is for.
    pub(super) fn probe(&mut self) -> Done {
        self.open_to(Stage::Network);
        let through = self.cast.service.address.value;
        let (seat, destination) = match self.case.subject {
            Role::Supernode => {
                let seat = self.net.prober;
                self.connect_other(seat, super::parse::PATIENCE)?;
                (seat, through)
            }
            Role::Client => {
                seams::open(&self.net.plan).armed.clear();
                self.probe_client()?
            }
        };
        self.settle_abroad()?;
        let id = self.net.world.ping(seat.host, Ping { count: 1, ..Ping::new(destination) });
        let until = self.net.world.now() + Duration::from_secs(10);
        let host = seat.host;
        let came =
            move |net: &Net| net.world.ping_report(host, id).is_some_and(|report| !report.replies.is_empty());
        if self.advance(until, came)? {
            Ok(())
        } else {
            Err(Stop::Failed("a fresh client connected, and a ping was not answered".to_owned()))
        }
    }

    /// Lets the client end and begin again. Who pings then, and whom.
    fn probe_client(&mut self) -> Result<(Seat, Ipv4Addr), Stop> {
        let is_foreign = self.is_foreign(Role::Client);
        let seat = if is_foreign { self.net.supernode } else { self.net.client };
        let is_up = |net: &Net| look::link_up(net.end(seat)).is_some();
        if is_foreign {
            self.tell(Role::Client, "disconnect")?;
        } else {
            self.net.command(seat, Command::Disconnect);
        }
        let until = self.net.world.now() + Duration::from_secs(60);
        self.advance(until, |net| !is_up(net) && look::sas(net.end(seat)).is_empty())?;
        if !is_foreign {
            self.connect_other(seat, super::parse::PATIENCE)?;
            return Ok((seat, self.cast.service.address.value));
        }
        self.tell(Role::Client, "connect")?;
        let until = self.net.world.now() + super::parse::PATIENCE;
        if !self.advance(until, is_up)? {
            return Err(Stop::Failed("the client did not connect again".to_owned()));
        }
        self.settle_abroad()?;
        let peer = self.peer_of(seat).ok_or_else(|| Stop::Failed("the client has no address".to_owned()))?;
        Ok((seat, peer))
    }

    /// The address inside of whoever an end talks to.
    fn peer_of(&self, seat: Seat) -> Option<Ipv4Addr> {
        let peer = look::property(self.net.end(seat), Subject::Ppp, "peer");
        peer.as_ref().and_then(Value::as_str).and_then(|text| text.parse().ok())
    }

    pub(super) fn party(&self, name: Option<&str>) -> Result<Party, Stop> {
        let name = name.unwrap_or("client");
        let found = PARTIES.iter().find(|(known, _)| *known == name).map(|(_, party)| *party);
        found.ok_or_else(|| Stop::Blocked(format!("nobody is called `{name}`")))
    }

    /// The address that a name stands for, or that it is.
    pub(super) fn address(&self, name: Option<&str>) -> Result<Ipv4Addr, Stop> {
        let assigned = |seat: Seat| {
            let text = look::property(self.net.end(seat), Subject::Ppp, "address");
            text.as_ref().and_then(Value::as_str).and_then(|text| text.parse().ok())
        };
        match name.unwrap_or("supernode") {
            "supernode" => Ok(self.cast.service.address.value),
            "client" => {
                let known = if self.remotes.are_both() {
                    None
                } else if self.is_foreign(Role::Client) {
                    self.peer_of(self.net.supernode)
                } else {
                    assigned(self.net.client)
                };
                known.ok_or_else(|| Stop::Failed("the client has no address".to_owned()))
            }
            "laptop" => Ok(super::net::LAPTOP),
            "forwarder" => Ok(super::net::FORWARDER),
            "isp" => Ok(super::net::ISP),
            "resolver" => {
                let known = self.cast.service.resolver.value;
                known.ok_or_else(|| Stop::Blocked("the supernode's profile has no resolver".to_owned()))
            }
            "authoritative" => {
                let known = self.cast.service.authoritative.value;
                known.ok_or_else(|| Stop::Blocked("the supernode's profile has no name server".to_owned()))
            }
            text => {
                text.parse().map_err(|_| Stop::Blocked(format!("`{text}` is no address and nobody's name")))
            }
        }
    }

    fn rekey(&mut self, action: &Do) -> Done {
        let role = if action.text("by") == Some("supernode") { Role::Supernode } else { Role::Client };
        let seat = self.net.seat(role);
        let phase = action.argument("phase").and_then(Value::as_u64).unwrap_or(2);
        let ends: Vec<Seat> = self.net.own_seats().collect();
        let count = move |net: &Net, seat: Seat| {
            look::happened(net.end(seat), |event| match event {
                Event::Isakmp(isakmp::Event::ChildEstablished(_)) => phase == 2,
                Event::Isakmp(isakmp::Event::Phase1Established { .. }) => phase == 1,
                _ => false,
            })
        };
        if self.remotes.are_both() {
            return self.rekey_abroad(role, phase, action.within);
        }
        let before: Vec<usize> = ends.iter().map(|seat| count(&self.net, *seat)).collect();
        let none = || Stop::Failed(format!("there is nothing of phase {phase} to replace"));
        let command = if self.is_foreign(role) {
            self.tell(role, &format!("rekey phase {phase}"))?;
            None
        } else if phase == 1 {
            let sa = *look::sas(self.net.end(seat)).last().ok_or_else(none)?;
            Some(isakmp::Command::RekeyPhase1 { sa })
        } else {
            let inbound_spi = *look::inbound(self.net.end(seat)).last().ok_or_else(none)?;
            Some(isakmp::Command::RekeyChild { inbound_spi })
        };
        if let Some(command) = command {
            self.net.command(seat, Command::Isakmp(command));
        }
        let until = self.net.world.now() + action.within;
        let is_so = |net: &Net| ends.iter().zip(&before).all(|(seat, before)| count(net, *seat) > *before);
        if self.advance(until, is_so)? {
            Ok(())
        } else {
            Err(Stop::Failed(format!(
                "phase {phase} was not replaced within {} s",
                action.within.as_secs_f64()
            )))
        }
    }

    fn disconnect(&mut self, action: &Do) -> Done {
        let seat = match action.text("client") {
            Some("neighbour") => self.net.neighbour,
            _ => self.net.client,
        };
        let is_client = seat.host == self.net.client.host;
        let is_foreign = is_client && self.is_foreign(Role::Client);
        self.is_begun &= !is_client;
        if is_client && self.remotes.are_both() {
            return self.disconnect_abroad(action);
        }
        let seat = if is_foreign { self.net.supernode } else { seat };
        if is_foreign {
            self.tell(Role::Client, "disconnect")?;
        } else {
            self.net.command(seat, Command::Disconnect);
        }
        let until = self.net.world.now() + action.within;
        let is_so = |net: &Net| {
            let end = net.end(seat);
            look::link_up(end).is_none()
                && look::sas(end).is_empty()
                && end.stack().l2tp().tunnels().next().is_none()
        };
        if self.advance(until, is_so)? {
            Ok(())
        } else {
            Err(Stop::Failed(format!("the end was not reached within {} s", action.within.as_secs_f64())))
        }
    }

    fn route(&mut self, action: &Do) -> Done {
        let text = action.text("to").unwrap_or("0.0.0.0/0");
        let (address, length) = text.split_once('/').unwrap_or((text, "32"));
        let prefix = address.parse().ok().zip(length.parse().ok());
        let (address, length) = prefix.ok_or_else(|| Stop::Blocked(format!("`{text}` is no prefix")))?;
        let role = if action.text("from") == Some("supernode") { Role::Supernode } else { Role::Client };
        if self.is_foreign(role) {
            let said = self.shell(role, &format!("ip route replace {address}/{length} dev ppp0"))?;
            return said.map(|_| ()).map_err(Stop::Failed);
        }
        let seat = self.net.seat(role);
        let link =
            look::link_up(self.net.end(seat)).ok_or_else(|| Stop::Failed("no link is up".to_owned()))?;
        let interface = self.net.world.host(seat.host).tunnel(seat.station, TunnelId(link.0));
        let interface = interface.ok_or_else(|| Stop::Failed("the link has no interface".to_owned()))?;
        self.net.world.host_mut(seat.host).add_route(Prefix::new(address, length), interface);
        Ok(())
    }

    /// Makes an end say something that it says when it is told to; what belongs to a handshake comes by itself.
    pub(super) fn trigger(&mut self, message: &Selector, from: Role) -> Done {
        if self.is_foreign(from) {
            return self.trigger_abroad(message, from);
        }
        let seat = self.net.seat(from);
        let end = self.net.end(seat);
        let tunnel = end.stack().l2tp().tunnels().next();
        let session = end.stack().l2tp().sessions().next();
        let (link, sa, spi) = (look::link_up(end), look::sas(end).pop(), look::inbound(end).pop());
        let reason = || l2tp::Reason::plain(if message.name() == Some("CDN") { 3 } else { 6 });
        let is_up = link.is_some();
        let command = match (message.layer(), message.name().unwrap_or_default()) {
            ("l2tp", "StopCCN") => {
                tunnel.map(|tunnel| Command::L2tp(l2tp::Command::CloseTunnel { tunnel, reason: reason() }))
            }
            ("l2tp", "CDN") => session
                .map(|session| Command::L2tp(l2tp::Command::CloseSession { session, reason: reason() })),
            ("l2tp", "HELLO") => tunnel.map(|tunnel| Command::L2tp(l2tp::Command::SayHello { tunnel })),
            ("l2tp", "ICRQ") if session.is_some() => {
                tunnel.map(|tunnel| Command::L2tp(l2tp::Command::OpenSession { tunnel }))
            }
            ("lcp", "Echo-Request") => link.map(|link| Command::Ppp(ppp::Command::SayEcho { link })),
            ("lcp", "Terminate-Request") => link.map(|link| Command::Ppp(ppp::Command::Close { link })),
            ("chap", "Challenge") => link.map(|link| Command::Ppp(ppp::Command::Reauthenticate { link })),
            ("ike", "info.R-U-THERE") => sa.map(|sa| Command::Isakmp(isakmp::Command::Probe { sa })),
            ("ike", "info.Delete") => {
                spi.map(|inbound_spi| Command::Isakmp(isakmp::Command::DeleteChild { inbound_spi }))
            }
            ("ike", "quick.1") if is_up => {
                spi.map(|inbound_spi| Command::Isakmp(isakmp::Command::RekeyChild { inbound_spi }))
            }
            ("ike", "main.1" | "aggressive.1") if is_up => {
                sa.map(|sa| Command::Isakmp(isakmp::Command::RekeyPhase1 { sa }))
            }
            _ => None,
        };
        match command {
            Some(command) => self.net.command(seat, command),
            None => self.begin_client()?,
        }
        Ok(())
    }

    /// Makes the subject say something. What belongs to a handshake comes by itself.
    fn trigger_abroad(&mut self, message: &Selector, from: Role) -> Done {
        let is_up = look::link_up(self.net.end(self.net.seat(!from))).is_some();
        if is_up { self.tell(from, &format!("say {message}")).map(|_| ()) } else { self.begin_client() }
    }

    pub(super) fn check(
        &mut self,
        what: Subject,
        of: Party,
        is: &[(String, Matcher)],
        within: Duration,
    ) -> Done {
        let seat = match of {
            Party::Client => self.net.client,
            Party::Neighbour => self.net.neighbour,
            Party::Supernode => self.net.supernode,
            Party::Laptop | Party::Resolver => {
                return Err(Stop::Blocked("there is no tunnel to look at there".to_owned()));
            }
        };
        let role = if matches!(of, Party::Supernode) { Role::Supernode } else { Role::Client };
        if self.is_foreign(role) && !matches!(of, Party::Neighbour) {
            return self.check_abroad(role, what, is, within);
        }
        let all = |net: &Net| {
            is.iter()
                .all(|(name, matcher)| matcher.fits(seen(net, seat, what, name).as_ref(), None, &|_, _| None))
        };
        let until = self.net.world.now() + within;
        if self.advance(until, all)? {
            return Ok(());
        }
        let found = is.iter().map(|(name, _)| {
            let value = seen(&self.net, seat, what, name);
            (&name[..], value.unwrap_or(Value::Null))
        });
        compare(what.word(), &found.collect::<Vec<_>>(), is)
    }
}

impl Play<'_> {
    /// Waits until the subject, if it is elsewhere, has its end of the link ready for packets too.
    fn settle_abroad(&mut self) -> Done {
        for role in self.remotes.roles() {
            self.wait_abroad(role, Duration::from_secs(10), |state| {
                away::seen(state, Subject::Ppp, "count").is_none_or(|count| count != json!(0))
            })?;
        }
        Ok(())
    }

    /// Looks at whoever plays a role elsewhere until something is so, at most so long. Whether it is so.
    pub(super) fn wait_abroad(
        &mut self,
        role: Role,
        within: Duration,
        is_so: impl Fn(&Value) -> bool,
    ) -> Result<bool, Stop> {
        let until = self.net.world.now() + within;
        while self.net.world.now() < until {
            if is_so(&self.state_abroad(role)?) {
                return Ok(true);
            }
            let next = self.net.world.now() + Duration::from_millis(50);
            self.advance(next, |_| false)?;
        }
        Ok(false)
    }

    /// Looks at the subject again and again until it is as it has to be.
    fn check_abroad(
        &mut self,
        role: Role,
        what: Subject,
        is: &[(String, Matcher)],
        within: Duration,
    ) -> Done {
        let until = self.net.world.now() + within.max(Duration::from_secs(15));
        loop {
            let state = self.state_abroad(role)?;
            let mut found = Vec::new();
            for (name, _) in is {
                let value = away::seen(&state, what, name).ok_or_else(|| {
                    Stop::Blocked(format!("the subject does not say what its {} `{name}` is", what.word()))
                })?;
                found.push((&name[..], value));
            }
            let compared = compare(what.word(), &found, is);
            if compared.is_ok() || self.net.world.now() >= until {
                return compared;
            }
            let next = self.net.world.now() + Duration::from_millis(200);
            self.advance(next, |_| false)?;
        }
    }
}

/// A property of an end.
fn seen(net: &Net, seat: Seat, what: Subject, name: &str) -> Option<Value> {
    match what {
        Subject::Ospf => routing::property(net, seat, name),
        _ => look::property(net.end(seat), what, name),
    }
}

/// How many of a stage an end has reached and not lost.
fn reached(net: &Net, seat: Seat, stage: Stage) -> usize {
    let end = net.end(seat);
    let stack = end.stack();
    let since = |up: fn(&Event) -> bool| look::happened(end, up);
    let downs = || since(|event| matches!(event, Event::Ppp(ppp::Event::LinkDown { .. })));
    match stage {
        Stage::Phase1 => look::sas(end).len(),
        Stage::Phase2 => stack.esp().links().count(),
        Stage::Tunnel => stack.l2tp().tunnels().count(),
        Stage::Session => stack.l2tp().sessions().count(),
        Stage::Lcp => {
            since(|event| matches!(event, Event::Ppp(ppp::Event::LcpUp { .. }))).saturating_sub(downs())
        }
        Stage::Authentication => since(|event| matches!(event, Event::Ppp(ppp::Event::Authenticated { .. })))
            .saturating_sub(downs()),
        Stage::Network => stack.links().count(),
    }
}

/// Compares what was found with what has to be.
pub(super) fn compare(what: &str, found: &[(&str, Value)], is: &[(String, Matcher)]) -> Done {
    for (name, matcher) in is {
        let value = found.iter().find(|(own, _)| own == name).map(|(_, value)| value);
        let Some(value) = value else {
            let known: Vec<&str> = found.iter().map(|(own, _)| *own).collect();
            return Err(Stop::Blocked(format!("{what} has no `{name}`, but {}", known.join(", "))));
        };
        let there = Some(value).filter(|value| !value.is_null());
        if !matcher.fits(there, None, &|_, _| None) {
            let all: Vec<String> = found.iter().map(|(name, value)| format!("{name} {value}")).collect();
            let wanted = matcher.wanted();
            return Err(Stop::Failed(format!(
                "{what}: {name} is {value}, not {wanted} ({})",
                all.join(", ")
            )));
        }
    }
    Ok(())
}
