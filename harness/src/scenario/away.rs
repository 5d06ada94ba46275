//! Cases whose subject is elsewhere: the world runs by the clock on the wall, and the subject's host is an outlet of it.

use std::collections::{BTreeMap, BTreeSet};
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
const PATIENCE: Duration = Duration::from_secs(400);
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
    pub fn unsupported(&self, case: &Case) -> Option<String> {
        self.abroad.unsupported(&case.id).or_else(|| self.abroad.unsupported(&case.name()))
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

/// Keeps the cases that are for a subject of a role that a profile describes: those about the other end are not, nor those of
/// another device; and where cases differ in the profile of the subject only, which a subject of its own has no use for, one
/// is enough.
pub fn choose(cases: &mut Vec<&Case>, role: Role, profile: &str) {
    let mut seen = BTreeSet::new();
    cases.retain(|case| {
        let is_device = role == Role::Supernode || case.client == profile;
        let plain = case.name().replace(&format!("supernode={}", case.supernode), "");
        case.subject == role && is_device && (role == Role::Client || seen.insert(plain))
    });
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
        let remote = self.remote.as_mut().ok_or_else(nobody)?;
        if !remote.abroad.begin(action, &remote.setting).map_err(blocked)? {
            return Err(blocked(format!("the subject's file has no way to make it do `{action}`")));
        }
        self.told().and_then(|ended| {
            ended.map_err(|said| Stop::Failed(format!("`{action}` of the subject failed: {said}")))
        })
    }

    /// Runs a script where the subject is. What it said, whether it succeeded or failed.
    pub(super) fn shell(&mut self, script: &str) -> Result<Result<String, String>, Stop> {
        let remote = self.remote.as_mut().ok_or_else(nobody)?;
        remote.abroad.shell(script).map_err(Stop::Blocked)?;
        self.told()
    }

    /// Waits for what was begun, while the world goes on.
    fn told(&mut self) -> Result<Result<String, String>, Stop> {
        loop {
            let remote = self.remote.as_mut().ok_or_else(nobody)?;
            if let Some(ended) = remote.abroad.ended().map_err(Stop::Blocked)? {
                return Ok(ended);
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

fn nobody() -> Stop {
    Stop::Blocked("nobody is elsewhere".to_owned())
}

/// What `ping` of iputils says, as the fields of a step's report.
pub(super) fn pinged(said: &str) -> [(&'static str, Value); 4] {
    let replies: Vec<&str> =
        said.lines().filter(|line| line.contains(" bytes from ") && line.contains("ttl=")).collect();
    let first = replies.first();
    let ttl = first.and_then(|line| line.split("ttl=").nth(1)?.split(' ').next()?.parse::<u8>().ok());
    let from =
        first.and_then(|line| Some(line.split(" bytes from ").nth(1)?.split([':', ' ']).next()?.to_owned()));
    let too_big = |line: &str| {
        let mtu = line.split(['=', ')']).map(str::trim).find_map(|word| word.parse::<u16>().ok());
        line.to_lowercase().contains("frag needed").then(|| match mtu {
            Some(mtu) => format!("fragmentation needed, mtu {mtu}"),
            None => "fragmentation needed".to_owned(),
        })
    };
    let error = said.lines().find_map(|line| match line {
        _ if line.contains("Net Unreachable") || line.contains("Network is unreachable") => {
            Some("net unreachable".to_owned())
        }
        _ if line.contains("Host Unreachable") => Some("host unreachable".to_owned()),
        _ if line.contains("Time to live exceeded") => Some("time exceeded".to_owned()),
        _ if line.contains("message too long") => {
            let mtu = line.rsplit("mtu=").next().and_then(|word| word.trim().parse::<u16>().ok());
            Some(mtu.map_or_else(|| "too long".to_owned(), |mtu| format!("fragmentation needed, mtu {mtu}")))
        }
        _ => too_big(line),
    });
    [
        ("replies", Value::from(replies.len())),
        ("ttl", Value::from(ttl)),
        ("from", Value::from(from)),
        ("error", Value::from(error)),
    ]
}

/// A property in the state of a subject.
pub(super) fn seen(state: &Value, what: Subject, name: &str) -> Option<Value> {
    if let Some(said) = state.get(format!("{}.{name}", what.word())) {
        return Some(said.clone());
    }
    let count = state.get(what.word());
    match name {
        "state" => {
            let count = count.and_then(Value::as_u64);
            count.map(|count| Value::from(if count > 0 { "up" } else { "down" }))
        }
        "count" => count.cloned(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Subject, pinged};

    #[test]
    fn what_a_subject_says_of_itself_comes_before_what_its_numbers_say() {
        let state = json!({ "esp": 2, "ospf.state": "full", "ppp": 0, "ppp.user": "nycmesh" });
        let seen = |what, name| super::seen(&state, what, name);
        assert_eq!(seen(Subject::Ospf, "state"), Some(json!("full")));
        assert_eq!(seen(Subject::Ppp, "state"), Some(json!("down")));
        assert_eq!(seen(Subject::Ppp, "user"), Some(json!("nycmesh")));
        assert_eq!(seen(Subject::Esp, "count"), Some(json!(2)));
        assert_eq!(seen(Subject::Tunnel, "state"), None);
    }

    #[test]
    fn what_ping_says_is_read() {
        let said = "PING 10.70.72.1 (10.70.72.1) 1372(1400) bytes of data.\n\
                    1380 bytes from 10.70.72.1: icmp_seq=1 ttl=64 time=3.02 ms\n\
                    1380 bytes from 10.70.72.1: icmp_seq=2 ttl=64 time=2.90 ms\n";
        let [replies, ttl, from, error] = pinged(said).map(|(_, value)| value);
        assert_eq!((replies, ttl, from, error), (json!(2), json!(64), json!("10.70.72.1"), json!(null)));
        let [.., (_, error)] = pinged("From 10.70.72.1 icmp_seq=1 Frag needed and DF set (mtu = 1400)\n");
        assert_eq!(error, json!("fragmentation needed, mtu 1400"));
        let [.., (_, error)] = pinged("ping: connect: Network is unreachable\n");
        assert_eq!(error, json!("net unreachable"));
    }
}
