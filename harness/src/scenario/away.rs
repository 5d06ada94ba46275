//! Cases whose subject is elsewhere: the world runs by the clock on the wall, and the subject's host is an outlet of it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use l2tpspec_protocol::time::Instant;
use serde_json::Value;

use super::abroad::{Abroad, Setting};
use super::cast::Cast;
use super::model::Case;
use super::net::{Net, SUPERNODE};
use super::play::{Done, Play, Stop};
use super::suite::Suite;
use super::vocabulary::Subject;
use crate::error::ExpectedError;
use crate::transcript::connection::Role;
use crate::world::interface::Kind;

/// The longest that a step may take of real time.
const PATIENCE: Duration = Duration::from_secs(150);
/// How often the world looks around while a script runs.
const GLANCE: Duration = Duration::from_millis(20);

/// A subject that is elsewhere, and what is known of it.
#[derive(Debug)]
pub struct Away<'a> {
    abroad: &'a mut dyn Abroad,
    /// Whether a client of a profile gets on with it, by profile and topology; why not.
    happy: BTreeMap<String, Result<(), String>>,
}

impl<'a> Away<'a> {
    /// Nothing is known yet.
    pub fn new(abroad: &'a mut dyn Abroad) -> Self {
        Self { abroad, happy: BTreeMap::new() }
    }

    /// The role that it plays.
    #[must_use]
    pub fn role(&self) -> Role {
        self.abroad.role()
    }

    /// Why it cannot be asked to play a case, if its file says so.
    #[must_use]
    pub fn unsupported(&self, case: &str) -> Option<String> {
        self.abroad.unsupported(case)
    }

    /// The profile that describes it.
    #[must_use]
    pub fn profile(&self) -> &str {
        self.abroad.profile()
    }

    /// Whether it does without IPsec.
    #[must_use]
    pub fn is_in_clear(&self) -> bool {
        self.abroad.is_in_clear()
    }

    /// Whether it gets on with a case's parties when nobody does anything unusual; asked once.
    pub(super) fn happy(
        &mut self,
        case: &Case,
        ask: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        let key = format!("{} {} {:?} {:?}", case.client, case.supernode, case.topology, case.changes);
        if let Some(known) = self.happy.get(&key) {
            return known.clone();
        }
        let known = ask(self);
        self.happy.insert(key, known.clone());
        known
    }

    /// Sets it up for a case.
    pub(super) fn prepare(&mut self, net: &mut Net, cast: &Cast, case: &Case) -> Result<Remote<'_>, String> {
        let role = self.abroad.role();
        let setting = setting(net, cast, case, role);
        net.foreign = Some(role);
        let host = net.seat(role).host;
        net.world.open_outlet(host);
        self.abroad.prepare(&setting)?;
        let origin = std::time::Instant::now();
        Ok(Remote { abroad: &mut *self.abroad, setting, origin })
    }
}

/// The subject of one case.
#[derive(Debug)]
pub(super) struct Remote<'a> {
    abroad: &'a mut dyn Abroad,
    setting: Setting,
    origin: std::time::Instant,
}

/// What a case asks of its subject.
fn setting(net: &Net, cast: &Cast, case: &Case, role: Role) -> Setting {
    let host = net.world.host(net.seat(role).host);
    let (mut addresses, mut routes) = (Vec::new(), Vec::new());
    for (_, interface) in host.interfaces() {
        addresses.extend(interface.addresses.iter().map(|address| (*address, 32)));
    }
    routes.extend(host.routes.iter().map(|route| (route.prefix.network(), route.prefix.length())));
    let service = &cast.service;
    let changes = &case.changes;
    let is_client = role == Role::Client;
    let own =
        |changed: &Option<String>, known: String| changed.clone().filter(|_| is_client).unwrap_or(known);
    let profile = if is_client { &cast.client_profile } else { &cast.supernode_profile };
    let [client_secret, supernode_secret] = changes.tunnel_secret.clone();
    Setting {
        is_client,
        addresses,
        routes,
        own: net.seat(role).address,
        supernode: SUPERNODE,
        user: own(&changes.user, service.user.value.clone()),
        password: own(&changes.password, service.password.value.0.clone()),
        pre_shared_key: own(&changes.pre_shared_key, service.pre_shared_key.value.0.clone()),
        tunnel_secret: if is_client { client_secret } else { supernode_secret },
        address: service.address.value,
        pool: [service.pool.value.first, service.pool.value.last],
        resolver: service.resolver.value.filter(|_| service.tells_resolver.value),
        mtu: profile.network.mtu.value,
        asks: profile.ppp.authentication.asks.value.clone(),
        remote_name: changes.remote_name.clone(),
        restarts: changes.restart.is_some(),
    }
}

/// What the first guide that is for such a subject asks of it.
///
/// # Errors
/// If there is none.
pub fn plain(suite: &Suite, role: Role) -> Result<Setting, ExpectedError> {
    let fits = |case: &&Case| case.subject == role && case.id.starts_with("guides/") && !case.mutates();
    let case = suite.cases.iter().find(fits).or_else(|| suite.cases.iter().find(|case| case.subject == role));
    let case = case.ok_or_else(|| ExpectedError::Usage("no scenario is about such a subject".to_owned()))?;
    let cast = Cast::of(case, &suite.profiles).map_err(ExpectedError::Usage)?;
    let net = Net::new(case, &cast, b"plain", None);
    Ok(setting(&net, &cast, case, role))
}

impl Remote<'_> {
    fn now(&self) -> Instant {
        Instant::START + self.origin.elapsed()
    }

    /// Lets the world come up to the moment, and exchanges what has been sent.
    fn exchange(&mut self, net: &mut Net, moment: Instant) -> Done {
        let failed = |error: crate::world::TooManySteps| Stop::Failed(error.to_string());
        net.world.run_until(moment.max(net.world.now())).map_err(failed)?;
        let Some(role) = net.foreign else { return Ok(()) };
        let host = net.seat(role).host;
        while let Some(datagram) = self.abroad.receive() {
            let destination = datagram.get(16..20).and_then(|octets| <[u8; 4]>::try_from(octets).ok());
            let Some(destination) = destination.map(Ipv4Addr::from) else { continue };
            let own = net.world.host(host);
            let route = own.routes.find(destination, |_| true);
            let kind = route.and_then(|route| own.interface(route.interface)).map(|interface| interface.kind);
            if let Some(Kind::Link { link, .. }) = kind {
                net.world.send_from(host, link, datagram);
            }
        }
        while let Some((_, packet)) = net.world.take_arrived(host) {
            self.abroad.send(packet.octets());
            net.world.give_back(packet);
        }
        Ok(())
    }
}

impl Play<'_> {
    /// Lets real time pass until something is so, at most until a moment. Whether it is so.
    pub(super) fn advance_for_real(
        &mut self,
        until: Instant,
        mut is_so: impl FnMut(&Net) -> bool,
    ) -> Result<bool, Stop> {
        let Self { remote, net, .. } = self;
        let Some(remote) = remote else { return Ok(is_so(net)) };
        let time = until.since(net.world.now());
        if time > PATIENCE {
            let (time, most) = (time.as_secs(), PATIENCE.as_secs());
            return Err(Stop::Blocked(format!(
                "a step may take {time} s, and {most} s of real time are the most"
            )));
        }
        loop {
            let now = remote.now().min(until);
            remote.exchange(net, now)?;
            let rebinds = std::mem::take(&mut net.watch.borrow_mut().rebinds);
            if rebinds {
                net.rebind();
            }
            if is_so(net) {
                return Ok(true);
            }
            if net.world.now() >= until {
                return Ok(false);
            }
            let next = net.world.next_event().unwrap_or(until).min(until);
            let now = remote.now();
            if next > now {
                remote.abroad.wait(next.since(now));
            }
        }
    }

    /// Whether a role is played by the subject, elsewhere.
    pub(super) fn is_foreign(&self, role: Role) -> bool {
        self.net.foreign == Some(role)
    }

    /// Makes the subject do something that has a name, and waits for the end of that. What it said.
    pub(super) fn tell(&mut self, action: &str) -> Result<String, Stop> {
        let blocked = Stop::Blocked;
        let remote = self.remote.as_mut().ok_or_else(|| blocked("nobody is elsewhere".to_owned()))?;
        if !remote.abroad.begin(action, &remote.setting).map_err(blocked)? {
            return Err(blocked(format!("the subject's file has no way to make it do `{action}`")));
        }
        loop {
            let remote = self.remote.as_mut().ok_or_else(|| blocked("nobody is elsewhere".to_owned()))?;
            if let Some(ended) = remote.abroad.ended().map_err(blocked)? {
                return ended
                    .map_err(|said| Stop::Failed(format!("`{action}` of the subject failed: {said}")));
            }
            let until = self.net.world.now() + GLANCE;
            self.advance(until, |_| false)?;
        }
    }

    /// What the subject's daemons have logged.
    pub(super) fn log_abroad(&mut self) -> Option<String> {
        self.remote.is_some().then(|| self.tell("log").ok()).flatten()
    }

    /// The subject loses all that it knows.
    pub(super) fn restart_abroad(&mut self) -> Done {
        let Some(remote) = &mut self.remote else { return Ok(()) };
        remote.abroad.prepare(&remote.setting).map_err(Stop::Blocked)
    }

    /// What the subject's file reads of its state: one JSON object, by subject and name.
    pub(super) fn state_abroad(&mut self) -> Result<Value, Stop> {
        let said = self.tell("state")?;
        serde_json::from_str(said.trim())
            .map_err(|error| Stop::Blocked(format!("the subject's state is not JSON: {error}: {said}")))
    }
}

/// A property in the state of a subject.
pub(super) fn seen(state: &Value, what: Subject, name: &str) -> Option<Value> {
    let count = state.get(what.word());
    match name {
        "state" => {
            let count = count.and_then(Value::as_u64);
            count.map(|count| Value::from(if count > 0 { "up" } else { "down" }))
        }
        "count" => count.cloned(),
        _ => state.get(format!("{}.{name}", what.word())).cloned(),
    }
}
