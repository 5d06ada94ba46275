//! Cases whose subject is elsewhere: the world runs by the clock on the wall, and the subject's host is an outlet of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use l2tpspec_protocol::time::Instant;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
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

/// Who is elsewhere, the subject and perhaps its peer, and what is known of them.
#[derive(Debug)]
pub struct Away<'a> {
    ends: Vec<&'a mut dyn Abroad>,
    /// Whether a client of a profile gets on with it, by profile and topology; why not.
    happy: BTreeMap<String, Result<(), String>>,
}

impl<'a> Away<'a> {
    /// Nothing is known yet.
    pub fn new(subject: &'a mut dyn Abroad) -> Self {
        Self { ends: vec![subject], happy: BTreeMap::new() }
    }

    /// The other end is elsewhere, too.
    #[must_use]
    pub fn with(mut self, peer: &'a mut dyn Abroad) -> Self {
        self.ends.push(peer);
        self
    }

    /// Whether both ends are elsewhere.
    #[must_use]
    pub const fn are_both(&self) -> bool {
        self.ends.len() == 2
    }

    /// Why one of them cannot be asked to play a case, if its file says so of the case's id or its name; or of its client,
    /// unless the case has that offer something else or is about its being refused.
    #[must_use]
    pub fn unsupported(&self, case: &Case) -> Option<String> {
        let words = [case.id.clone(), case.name()];
        let declared = self.ends.iter().find_map(|end| words.iter().find_map(|word| end.unsupported(word)));
        declared.or_else(|| {
            let offers_else = case.changes.client.iter().any(|(fact, _)| fact.ends_with(".suites"));
            let is_refused = case.outcome.as_ref().is_some_and(|outcome| {
                outcome.cause.as_deref().is_some_and(|cause| cause.contains("NO-PROPOSAL-CHOSEN"))
            });
            let is_met = offers_else || is_refused;
            self.ends.iter().find_map(|end| end.disagrees(&case.client)).filter(|_| !is_met)
        })
    }

    /// The profile that describes whoever plays a role elsewhere.
    #[must_use]
    pub fn profile(&self, role: Role) -> Option<&str> {
        self.ends.iter().find(|end| end.role() == role).map(|end| end.profile())
    }

    /// Whether one of them does without IPsec.
    #[must_use]
    pub fn is_in_clear(&self) -> bool {
        self.ends.iter().any(|end| end.is_in_clear())
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

    /// Sets them up for a case.
    pub(super) fn prepare(&mut self, net: &mut Net, cast: &Cast, case: &Case) -> Result<Remotes<'_>, String> {
        let mut ends: Vec<Remote<'_>> = Vec::new();
        for abroad in &mut self.ends {
            let role = abroad.role();
            if ends.iter().any(|end| end.role == role) {
                return Err(format!("both of those that are elsewhere play the {}", role.word()));
            }
            let setting = setting(net, cast, case, role);
            net.foreign.push(role);
            let host = net.seat(role).host;
            net.world.open_outlet(host);
            abroad.prepare(&setting)?;
            ends.push(Remote { role, abroad: &mut **abroad, setting });
        }
        // What the first has said while the second was set up is not the case's.
        for end in &mut ends {
            while end.abroad.receive().is_some() {}
        }
        Ok(Remotes { ends, origin: std::time::Instant::now() })
    }
}

/// Those that are elsewhere in one case; nobody if it is played in virtual time.
#[derive(Debug)]
pub(super) struct Remotes<'a> {
    ends: Vec<Remote<'a>>,
    origin: std::time::Instant,
}

/// One of them.
#[derive(Debug)]
struct Remote<'a> {
    role: Role,
    abroad: &'a mut dyn Abroad,
    setting: Setting,
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
        authoritative: service.authoritative.value,
        line_resolver: super::net::ISP,
        lan: super::net::FORWARDER,
        mtu: profile.network.mtu.value,
        asks: profile.ppp.authentication.asks.value.clone(),
        remote_name: changes.remote_name.clone(),
        restarts: changes.restart.is_some(),
    }
}

/// Keeps the cases that are for a subject of a role that a profile describes, and for its peer if that is elsewhere, too: those
/// about the other end are not, nor those of another device, nor between two that are elsewhere those with messages; and where cases differ in the profile of a supernode that is
/// elsewhere only, which has no use for it, one is enough.
pub fn choose(cases: &mut Vec<&Case>, role: Role, profile: &str, peer: Option<&str>) {
    let client = if role == Role::Client { Some(profile) } else { peer };
    let mut seen = BTreeSet::new();
    cases.retain(|case| {
        let is_device = client.is_none_or(|client| case.client == client);
        let plain = case.name().replace(&format!("supernode={}", case.supernode), "");
        // What those say whose keys nobody here has is no step's concern.
        let is_heard = peer.is_none() || !case.talks();
        let has_supernode = role == Role::Client && peer.is_none();
        case.subject == role && is_device && is_heard && (has_supernode || seen.insert(plain))
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

impl<'a> Remotes<'a> {
    /// Nobody is elsewhere.
    pub(super) fn none() -> Self {
        Self { ends: Vec::new(), origin: std::time::Instant::now() }
    }

    /// Whether nobody is elsewhere.
    pub(super) const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether everybody is elsewhere.
    pub(super) const fn are_both(&self) -> bool {
        self.ends.len() == 2
    }

    /// The roles that are played elsewhere.
    pub(super) fn roles(&self) -> Vec<Role> {
        self.ends.iter().map(|end| end.role).collect()
    }

    fn of(&mut self, role: Role) -> Result<&mut Remote<'a>, Stop> {
        let nobody = || Stop::Blocked(format!("no {} is elsewhere", role.word()));
        self.ends.iter_mut().find(|end| end.role == role).ok_or_else(nobody)
    }

    fn now(&self) -> Instant {
        Instant::START + self.origin.elapsed()
    }

    /// Lets the world come up to the moment, and exchanges what has been sent.
    fn exchange(&mut self, net: &mut Net, moment: Instant) -> Done {
        let failed = |error: crate::world::TooManySteps| Stop::Failed(error.to_string());
        net.world.run_until(moment.max(net.world.now())).map_err(failed)?;
        for end in &mut self.ends {
            let host = net.seat(end.role).host;
            while let Some(datagram) = end.abroad.receive() {
                let destination = datagram.get(16..20).and_then(|octets| <[u8; 4]>::try_from(octets).ok());
                let Some(destination) = destination.map(Ipv4Addr::from) else { continue };
                let own = net.world.host(host);
                let route = own.routes.find(destination, |_| true);
                let kind =
                    route.and_then(|route| own.interface(route.interface)).map(|interface| interface.kind);
                if let Some(Kind::Link { link, .. }) = kind {
                    net.world.send_from(host, link, datagram);
                }
            }
            while let Some((_, packet)) = net.world.take_arrived(host) {
                end.abroad.send(packet.octets());
                net.world.give_back(packet);
            }
        }
        Ok(())
    }

    /// Waits for a datagram of any of them, at most so long.
    fn wait(&self, time: Duration) {
        let ready: Vec<_> = self.ends.iter().filter_map(|end| end.abroad.readiness()).collect();
        let mut sockets: Vec<PollFd<'_>> = ready.iter().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
        let time = Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(time.subsec_nanos()),
        };
        // A wait that is cut short is one that is begun again.
        let _ = poll(&mut sockets, Some(&time));
    }
}

impl Play<'_> {
    /// Lets real time pass until something is so, at most until a moment. Whether it is so.
    pub(super) fn advance_for_real(
        &mut self,
        until: Instant,
        mut is_so: impl FnMut(&Net) -> bool,
    ) -> Result<bool, Stop> {
        let Self { remotes, net, .. } = self;
        let time = until.since(net.world.now());
        if time > PATIENCE {
            let (time, most) = (time.as_secs(), PATIENCE.as_secs());
            return Err(Stop::Blocked(format!(
                "a step may take {time} s, and {most} s of real time are the most"
            )));
        }
        loop {
            let now = remotes.now().min(until);
            remotes.exchange(net, now)?;
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
            let now = remotes.now();
            if next > now {
                remotes.wait(next.since(now));
            }
        }
    }

    /// Whether a role is played elsewhere.
    pub(super) fn is_foreign(&self, role: Role) -> bool {
        self.net.foreign.contains(&role)
    }

    /// Makes whoever plays a role elsewhere do something that has a name, and waits for the end of that. What it said.
    pub(super) fn tell(&mut self, role: Role, action: &str) -> Result<String, Stop> {
        let blocked = Stop::Blocked;
        let Remote { abroad, setting, .. } = self.remotes.of(role)?;
        if !abroad.begin(action, setting).map_err(blocked)? {
            return Err(blocked(format!("the subject's file has no way to make it do `{action}`")));
        }
        self.told(role).and_then(|ended| {
            ended.map_err(|said| Stop::Failed(format!("`{action}` of the {} failed: {said}", role.word())))
        })
    }

    /// Runs a script where a role is played. What it said, whether it succeeded or failed.
    pub(super) fn shell(&mut self, role: Role, script: &str) -> Result<Result<String, String>, Stop> {
        self.remotes.of(role)?.abroad.shell(script).map_err(Stop::Blocked)?;
        self.told(role)
    }

    /// Waits for what was begun, while the world goes on.
    fn told(&mut self, role: Role) -> Result<Result<String, String>, Stop> {
        loop {
            if let Some(ended) = self.remotes.of(role)?.abroad.ended().map_err(Stop::Blocked)? {
                return Ok(ended);
            }
            let until = self.net.world.now() + GLANCE;
            self.advance(until, |_| false)?;
        }
    }

    /// What the daemons elsewhere have logged.
    pub(super) fn log_abroad(&mut self) -> Option<String> {
        let roles = self.remotes.roles();
        let logs: Vec<String> = roles.into_iter().filter_map(|role| self.tell(role, "log").ok()).collect();
        (!logs.is_empty()).then(|| logs.join("\n"))
    }

    /// Whoever plays a role elsewhere loses all that it knows.
    pub(super) fn restart_abroad(&mut self, role: Role) -> Done {
        let Remote { abroad, setting, .. } = self.remotes.of(role)?;
        abroad.prepare(setting).map_err(Stop::Blocked)
    }

    /// What a subject's file reads of its state: one JSON object, by subject and name.
    pub(super) fn state_abroad(&mut self, role: Role) -> Result<Value, Stop> {
        let said = self.tell(role, "state")?;
        serde_json::from_str(said.trim())
            .map_err(|error| Stop::Blocked(format!("the subject's state is not JSON: {error}: {said}")))
    }
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

/// What `nslookup` of busybox says, as the fields of a step's report.
pub(super) fn asked(said: &str) -> [(&'static str, Value); 3] {
    const CODES: [(&str, &str); 3] =
        [("NXDOMAIN", "Non-Existent Domain"), ("SERVFAIL", "Server Failure"), ("REFUSED", "Query Refused")];
    let after_name = said.lines().skip_while(|line| !line.starts_with("Name:"));
    let address = after_name.clone().find_map(|line| line.strip_prefix("Address:")).map(str::trim);
    let refused = said.lines().find(|line| line.contains("can't find"));
    let code = match refused {
        Some(line) => CODES.iter().find(|(word, _)| line.contains(word)).map(|(_, code)| *code),
        None => address.map(|_| "No Error"),
    };
    [
        ("answered", Value::from(address.is_some() || refused.is_some())),
        ("code", Value::from(code)),
        ("address", Value::from(address)),
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
    use std::path::Path;

    use serde_json::json;

    use super::super::play;
    use super::super::verdict::Verdict;
    use super::{Role, Subject, Suite, asked, choose, pinged};

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

    /// A subject that is asked and never set up.
    #[derive(Debug)]
    struct Nobody(Role);

    impl super::Abroad for Nobody {
        fn role(&self) -> Role {
            self.0
        }
        fn profile(&self) -> &'static str {
            "nobody"
        }
        fn unsupported(&self, _: &str) -> Option<String> {
            None
        }
        fn disagrees(&self, profile: &str) -> Option<String> {
            (profile == "edgeos").then(|| "its groups".to_owned())
        }
        fn is_in_clear(&self) -> bool {
            false
        }
        fn prepare(&mut self, _: &super::Setting) -> Result<(), String> {
            Ok(())
        }
        fn send(&mut self, _: &[u8]) {}
        fn receive(&mut self) -> Option<&[u8]> {
            None
        }
        fn readiness(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
            None
        }
        fn begin(&mut self, _: &str, _: &super::Setting) -> Result<bool, String> {
            Ok(false)
        }
        fn shell(&mut self, _: &str) -> Result<(), String> {
            Ok(())
        }
        fn ended(&mut self) -> Result<Option<Result<String, String>>, String> {
            Ok(None)
        }
    }

    #[test]
    fn what_a_subject_cannot_play_may_be_said_of_a_client() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
        let suite = Suite::load(&root).expect("the scenarios");
        let mut nobody = Nobody(Role::Supernode);
        let away = super::Away::new(&mut nobody);
        let (edgeos, others): (Vec<_>, Vec<_>) = suite.cases.iter().partition(|case| case.client == "edgeos");
        assert!(others.iter().all(|case| away.unsupported(case).is_none()));
        assert!(!others.is_empty());
        let why = |id: &str| {
            let mut cases = edgeos.iter().filter(|case| case.id == id);
            cases
                .next()
                .map(|case| away.unsupported(case))
                .unwrap_or_else(|| panic!("{id} is played by edgeos"))
        };
        assert_eq!(why("guides/connect").as_deref(), Some("its groups"));
        assert_eq!(
            why("guides/wrong-psk").as_deref(),
            Some("its groups"),
            "another failure is not the refusal"
        );
        assert_eq!(why("museum/debian-libreswan-without-modp1024"), None, "the refusal is what it is about");
        assert_eq!(why("ike/offer/group"), None, "it offers something else");
    }

    #[test]
    fn two_of_one_role_are_no_ends_of_a_case() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
        let suite = Suite::load(&root).expect("the scenarios");
        let [mut one, mut other] = [Nobody(Role::Client), Nobody(Role::Client)];
        let mut away = super::Away::new(&mut one).with(&mut other);
        let options = play::Options::default();
        let played = play::play_with(&suite.cases[0], &suite.profiles, b"1", options, Some(&mut away));
        let why = played.failure.map(|failure| failure.text).unwrap_or_default();
        let wrong = "both of those that are elsewhere play the client";
        assert_eq!((played.verdict, &*why), (Verdict::Blocked, wrong));
    }

    fn chosen(role: Role, profile: &str, peer: Option<&str>) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
        let suite = Suite::load(&root).expect("the scenarios");
        let mut cases: Vec<_> = suite.cases.iter().collect();
        choose(&mut cases, role, profile, peer);
        cases.into_iter().map(super::Case::name).collect()
    }

    #[test]
    fn a_subject_plays_what_is_about_its_role_and_its_device() {
        let server = chosen(Role::Supernode, "strongswan-xl2tpd", None);
        let client = chosen(Role::Client, "edgeos", None);
        assert!(server.iter().any(|name| name == "guides/edgeos-dns[subject=supernode]"), "{server:?}");
        assert!(!server.iter().any(|name| name == "guides/edgeos-dns[subject=client]"));
        assert!(client.iter().any(|name| name == "guides/edgeos-dns[subject=client]"), "{client:?}");
        assert!(!client.iter().any(|name| name.contains("client=openwrt")));
        // The profile of a supernode that is elsewhere makes no difference.
        let connects = |names: &[String]| {
            names.iter().filter(|name| name.starts_with("guides/connect[client=ios,")).count()
        };
        assert_eq!(connects(&server), 2);
    }

    #[test]
    fn two_that_are_elsewhere_play_what_has_no_single_messages() {
        let both = chosen(Role::Supernode, "strongswan-xl2tpd", Some("edgeos"));
        let has = |start: &str| both.iter().any(|name| name.starts_with(start));
        assert!(has("matrix/supernode/ospf[client=edgeos") && has("guides/edgeos-masquerade"), "{both:?}");
        assert!(!has("matrix/supernode/dpd") && !has("ike/header") && !has("matrix/client"));
        assert!(!both.iter().any(|name| name.contains("client=ios")));
    }

    #[test]
    fn what_nslookup_says_is_read() {
        let head = "Server:\t\t10.10.10.10\nAddress:\t10.10.10.10:53\n\n";
        let values = |said: &str| asked(&format!("{head}{said}")).map(|(_, value)| value);
        let found = values("Name:\twiki.mesh\nAddress: 10.10.10.80\n\n");
        assert_eq!(found, [json!(true), json!("No Error"), json!("10.10.10.80")]);
        let found = values("** server can't find wiki.notmesh: NXDOMAIN\n\n");
        assert_eq!(found, [json!(true), json!("Non-Existent Domain"), json!(null)]);
        assert_eq!(values(";; connection timed out; no servers could be reached\n")[0], json!(false));
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
