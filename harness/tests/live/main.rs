//! `connect` and `serve` between network namespaces, on a real kernel. Without root, or where the kernel lacks what they need,
//! the trials show as ignored, with the reason; `L2TPSPEC_REQUIRE=netns` makes them fail instead.

mod namespace;
mod program;
mod traffic;
mod translator;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{Pid, Signal, kill_process};

use namespace::Namespace;
use program::{PROGRAM, Program, Rest, scenarios};
use translator::Translator;

const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const SUPERNODE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The supernode's address inside, and the first that it gives, as its profile has them.
const INSIDE: Ipv4Addr = Ipv4Addr::new(10, 70, 72, 1);
const GIVEN: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 70, 72, 2), Ipv4Addr::new(10, 70, 72, 3)];
/// What is sent over TCP, in octets.
const TRANSFER: usize = 3_000_000;
/// Datagrams as long as the tunnel takes, which is more than the wire takes once they are protected.
const LONG: usize = 1400;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let required = std::env::var("L2TPSPEC_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|name| name.trim() == "netns");
    let why = lacking().filter(|_| !is_required);
    let trial = |name: &str, run: fn() -> Result<(), Failed>| {
        let trial = Trial::test(name, run).with_ignored_flag(why.is_some());
        trial.with_kind(why.clone().unwrap_or_default())
    };
    let with = |tool: &str, name: &str, run: fn() -> Result<(), Failed>| {
        if why.is_some() || is_required || Command::new(tool).arg("--version").output().is_ok() {
            return trial(name, run);
        }
        Trial::test(name, run).with_ignored_flag(true).with_kind(format!("{tool} is not installed"))
    };
    let trials = vec![
        trial("a_client_connects_carries_and_leaves_the_host_as_it_was", direct),
        trial("a_client_behind_a_translator_speaks_in_udp", translated),
        trial("what_is_too_long_for_the_path_is_cut", narrow),
        trial("two_clients_have_addresses_of_their_own", two_clients),
        trial("the_default_route_and_the_resolvers_come_and_go", host_settings),
        trial("a_supernode_that_ends_takes_its_clients_along", supernode_ends),
        trial("a_client_dials_again_if_it_is_told_to", dials_again),
        trial("l2tp_goes_in_the_clear_if_it_is_told_to", in_the_clear),
        trial("a_wrong_key_is_named", wrong_key),
        trial("a_wrong_password_is_named", wrong_password),
        trial("without_a_device_pings_are_answered", without_device),
        trial("a_recording_breaks_no_rule", recording),
        trial("a_recorded_client_is_replayed_against_a_live_host", replayed),
        with("ike-scan", "a_prober_is_answered_what_is_chosen_and_told_what_is_not", probed),
        with("tcpdump", "the_kit_records_what_check_reads", kit),
        with("tcpdump", "the_kit_says_what_it_lacks_and_leaves_nothing", kit_refuses),
        trial("without_privileges_all_that_is_lacking_is_named", unprivileged),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What keeps namespaces from being made here.
fn lacking() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root makes network namespaces".to_owned());
    }
    if !Path::new("/dev/net/tun").exists() {
        return Some("/dev/net/tun is not there".to_owned());
    }
    let is_there = |tool: &&str| Command::new(tool).arg("--version").output().is_err();
    // `ip` wants its own word for it, but runs all the same.
    let missing = ["ip", "unshare", "setpriv"].into_iter().find(is_there);
    missing.map(|tool| format!("{tool} is not installed")).or_else(|| {
        let made = Namespace::new().err()?;
        Some(format!("no network namespace: {}", made.message().unwrap_or_default()))
    })
}

/// A client and a supernode on one wire.
struct Pair {
    client: Namespace,
    supernode: Namespace,
}

impl Pair {
    fn new() -> Result<Self, Failed> {
        let pair = Self { client: Namespace::new()?, supernode: Namespace::new()? };
        pair.client.join(("wire", CLIENT), &pair.supernode, ("wire", SUPERNODE))?;
        Ok(pair)
    }

    fn serve(&self, more: &[&str]) -> Result<Program, Failed> {
        serve(&self.supernode, more)
    }

    fn connect(&self, more: &[&str]) -> Result<Program, Failed> {
        connect(&self.client, more)
    }
}

fn serve(namespace: &Namespace, more: &[&str]) -> Result<Program, Failed> {
    let address = SUPERNODE.to_string();
    let mut program = Program::start(namespace, &[&["serve", "--bind", &address], more].concat())?;
    program.await_event("listen", &address)?;
    Ok(program)
}

fn connect(namespace: &Namespace, more: &[&str]) -> Result<Program, Failed> {
    Program::start(namespace, &[&["connect", &SUPERNODE.to_string()], more].concat())
}

/// What ike-scan asks is answered: an offer with what is chosen of it, another with NO-PROPOSAL-CHOSEN.
fn probed() -> Result<(), Failed> {
    let pair = Pair::new()?;
    let served = pair.serve(&[])?;
    let scan = |transform: &str| -> Result<String, Failed> {
        let transform = format!("--trans={transform}");
        let address = SUPERNODE.to_string();
        let words = ["ike-scan", "--sport=0", "--retry=2", "--multiline", &transform, &address];
        let scanned = pair.client.within(|| Command::new(words[0]).args(&words[1..]).output());
        let output = scanned.map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    // AES-CBC with 256 bits, SHA-1, a pre-shared key, MODP1024; and DES with MD5 and MODP768.
    let chosen = scan("7/256,2,1,2")?;
    let refused = scan("1,1,1,1")?;
    drop(served);
    let is_chosen = chosen.contains("1 returned handshake")
        && ["Enc=AES", "KeyLength=256", "Hash=SHA1", "Group=2:modp1024", "Auth=PSK"]
            .iter()
            .all(|word| chosen.contains(word));
    let is_refused = refused.contains("NO-PROPOSAL-CHOSEN") && refused.contains("1 returned notify");
    if is_chosen && is_refused { Ok(()) } else { Err(format!("{chosen}\n{refused}").into()) }
}

/// A file of this test's own.
fn file(name: &str, text: &str) -> Result<PathBuf, Failed> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

fn same(what: &str, got: &str, expected: &str) -> Result<(), Failed> {
    if got == expected { Ok(()) } else { Err(format!("{what}: {got:?} where {expected:?} is due").into()) }
}

/// Fails unless the connection went all the way and its end was said.
fn ended_in_order(rest: &Rest) -> Result<(), Failed> {
    rest.expect_status(0)?;
    let outcome = rest.outcome()?;
    same("failed", &outcome["failed"].to_string(), "false")?;
    same("rung", outcome["rung"].as_str().unwrap_or_default(), "ended")
}

fn direct() -> Result<(), Failed> {
    let pair = Pair::new()?;
    let before = [pair.client.state()?, pair.supernode.state()?];
    let mut server = pair.serve(&[])?;
    let mut client = pair.connect(&[])?;
    client.await_event("phase2-up", "as protocol 50")?;
    client.await_event("link-up", &format!("{} to {INSIDE}", GIVEN[0]))?;
    server.await_event("link-up", &format!("{INSIDE} to {}, \"nycmesh\" at {CLIENT}", GIVEN[0]))?;
    traffic::ping(&pair.client, INSIDE, LONG)?;
    traffic::ping(&pair.supernode, GIVEN[0], LONG)?;
    traffic::transfer(&pair.client, (&pair.supernode, INSIDE), TRANSFER)?;
    traffic::transfer(&pair.supernode, (&pair.client, GIVEN[0]), TRANSFER)?;
    ended_in_order(&client.end(Signal::INT)?)?;
    server.await_event("link-down", &GIVEN[0].to_string())?;
    // The supernode was told of every layer's end.
    server.await_event("phase1-down", "by the peer")?;
    ended_in_order(&server.end(Signal::TERM)?)?;
    same("routes and interfaces of the client", &pair.client.state()?, &before[0])?;
    same("routes and interfaces of the supernode", &pair.supernode.state()?, &before[1])
}

fn translated() -> Result<(), Failed> {
    let (client, supernode) = (Namespace::new()?, Namespace::new()?);
    let (inside, outside) = (Namespace::new()?, Namespace::new()?);
    let public = Ipv4Addr::new(192, 0, 2, 9);
    client.join(("wire", CLIENT), &inside, ("wire", SUPERNODE))?;
    outside.join(("wire", public), &supernode, ("wire", SUPERNODE))?;
    let _translator = Translator::start(&inside, (&outside, public), SUPERNODE)?;
    let mut server = serve(&supernode, &[])?;
    let mut dialler = connect(&client, &[])?;
    dialler.await_event("phase1-up", "we are behind a translator")?;
    dialler.await_event("phase2-up", "in UDP")?;
    dialler.await_event("link-up", &GIVEN[0].to_string())?;
    server.await_event("link-up", &format!("at {public}"))?;
    traffic::ping(&client, INSIDE, LONG)?;
    traffic::transfer(&client, (&supernode, INSIDE), TRANSFER)?;
    traffic::transfer(&supernode, (&client, GIVEN[0]), TRANSFER)?;
    ended_in_order(&dialler.end(Signal::INT)?)?;
    ended_in_order(&server.end(Signal::INT)?)
}

/// Between the ends is a router whose far link is narrower than what is sent, and which says so.
fn narrow() -> Result<(), Failed> {
    let (client, router, supernode) = (Namespace::new()?, Namespace::new()?, Namespace::new()?);
    let (near, far) = (Ipv4Addr::new(198, 51, 100, 1), Ipv4Addr::new(192, 0, 2, 9));
    client.join(("wire", Ipv4Addr::new(198, 51, 100, 2)), &router, ("near", near))?;
    router.join(("far", far), &supernode, ("wire", SUPERNODE))?;
    client.ip(&format!("route add default via {near}"))?;
    supernode.ip(&format!("route add default via {far}"))?;
    router.ip("link set far mtu 1300")?;
    supernode.ip("link set wire mtu 1300")?;
    let forwarding = router.within(|| std::fs::write("/proc/sys/net/ipv4/ip_forward", "1"));
    forwarding.map_err(|error| error.to_string())?;
    let server = serve(&supernode, &[])?;
    let mut dialler = connect(&client, &[])?;
    dialler.await_event("link-up", &GIVEN[0].to_string())?;
    // The end at the narrow link cuts at once.
    traffic::transfer(&supernode, (&client, GIVEN[0]), TRANSFER)?;
    // The other has to be told by the router first, which costs a packet.
    traffic::transfer(&client, (&supernode, INSIDE), TRANSFER)?;
    let way = client.ip(&format!("route get {SUPERNODE}"))?;
    if !way.contains("mtu 1300") {
        return Err(format!("the MTU of the path is not known: {way}").into());
    }
    traffic::ping(&client, INSIDE, LONG)?;
    ended_in_order(&dialler.end(Signal::INT)?)?;
    ended_in_order(&server.end(Signal::INT)?)
}

fn two_clients() -> Result<(), Failed> {
    let pair = Pair::new()?;
    let (second, second_address) = (Namespace::new()?, Ipv4Addr::new(198, 51, 100, 2));
    second.join(("wire", second_address), &pair.supernode, ("wire2", Ipv4Addr::new(198, 51, 100, 1)))?;
    second.ip(&format!("route add {SUPERNODE} dev wire"))?;
    let server = pair.serve(&[])?;
    let mut one = pair.connect(&[])?;
    one.await_event("link-up", &GIVEN[0].to_string())?;
    let mut other = connect(&second, &["--profile", "windows-10"])?;
    other.await_event("link-up", &GIVEN[1].to_string())?;
    traffic::ping(&pair.client, INSIDE, LONG)?;
    traffic::ping(&pair.supernode, GIVEN[1], LONG)?;
    // One that ends leaves the other alone.
    ended_in_order(&one.end(Signal::INT)?)?;
    traffic::ping(&second, INSIDE, LONG)?;
    ended_in_order(&other.end(Signal::TERM)?)?;
    let rest = server.end(Signal::INT)?;
    rest.expect_status(0)?;
    let outcomes = rest.told.iter().filter(|value| value["type"] == "outcome" && value["rung"] == "ended");
    same("connections that ended in order", &outcomes.count().to_string(), "2")
}

fn host_settings() -> Result<(), Failed> {
    let pair = Pair::new()?;
    pair.client.ip(&format!("route add default via {SUPERNODE}"))?;
    let before = pair.client.state()?;
    let (text, far) = ("# of the host\nnameserver 192.0.2.53\n", "198.51.100.7");
    let resolvers = file("resolv.conf", text)?;
    let read = || std::fs::read_to_string(&resolvers).map_err(|error| error.to_string());
    let _server = pair.serve(&[])?;
    let path = resolvers.display().to_string();
    let mut client = pair.connect(&["--default-route", "--dns", "--resolv-conf", &path])?;
    client.await_event("link-up", "resolvers 10.10.10.10")?;
    let way = pair.client.ip(&format!("route get {far}"))?;
    if !way.contains("dev l2tpspec0") {
        return Err(format!("not into the tunnel: {way}").into());
    }
    let way = pair.client.ip(&format!("route get {SUPERNODE}"))?;
    if !way.contains("dev wire") {
        return Err(format!("the tunnel leads into itself: {way}").into());
    }
    same("resolvers", read()?.lines().last().unwrap_or_default(), "nameserver 10.10.10.10")?;
    traffic::ping(&pair.client, INSIDE, LONG)?;
    ended_in_order(&client.end(Signal::HUP)?)?;
    same("routes and interfaces", &pair.client.state()?, &before)?;
    same("resolvers", &read()?, text)?;
    std::fs::remove_file(&resolvers).map_err(|error| error.to_string().into())
}

fn supernode_ends() -> Result<(), Failed> {
    let pair = Pair::new()?;
    let before = pair.client.state()?;
    let server = pair.serve(&[])?;
    let mut client = pair.connect(&["--default-route"])?;
    client.await_event("link-up", "")?;
    ended_in_order(&server.end(Signal::INT)?)?;
    let rest = client.rest()?;
    rest.expect_status(1)?;
    same("routes and interfaces", &pair.client.state()?, &before)
}

fn dials_again() -> Result<(), Failed> {
    let pair = Pair::new()?;
    let server = pair.serve(&[])?;
    let mut client = pair.connect(&["--restart", "1", "--route", "10.70.0.0/16"])?;
    client.await_event("link-up", "")?;
    ended_in_order(&server.end(Signal::INT)?)?;
    client.await_event("link-down", "")?;
    let server = pair.serve(&[])?;
    client.await_event("dial", "")?;
    client.await_event("link-up", "")?;
    traffic::ping(&pair.client, INSIDE, LONG)?;
    let way = pair.client.ip("route get 10.70.9.9")?;
    if !way.contains("dev l2tpspec0") {
        return Err(format!("the second time the route is not there: {way}").into());
    }
    client.end(Signal::INT)?.expect_status(0)?;
    ended_in_order(&server.end(Signal::INT)?)
}

fn in_the_clear() -> Result<(), Failed> {
    let pair = Pair::new()?;
    let server = pair.serve(&["--clear"])?;
    let mut client = pair.connect(&["--clear", "--profile", "ios"])?;
    client.await_event("link-up", "")?;
    traffic::ping(&pair.client, INSIDE, LONG)?;
    traffic::transfer(&pair.client, (&pair.supernode, INSIDE), TRANSFER)?;
    ended_in_order(&client.end(Signal::INT)?)?;
    ended_in_order(&server.end(Signal::INT)?)
}

/// Whether a connection fails for a cause, at a rung, and no secret is shown on the way.
fn fails(pair: &Pair, more: &[&str], rung: &str, cause: &str, secrets: &[&str]) -> Result<(), Failed> {
    let before = pair.client.state()?;
    let server = pair.serve(&[])?;
    let rest = pair.connect(more)?.rest()?;
    rest.expect_status(1)?;
    let served = server.end(Signal::INT)?;
    served.expect_status(0)?;
    for end in [&rest, &served] {
        let outcome = end.outcome()?;
        same("rung", outcome["rung"].as_str().unwrap_or_default(), rung)?;
        same("failed", &outcome["failed"].to_string(), "true")?;
        let named = outcome["cause"].as_str().unwrap_or_default();
        if !named.contains(cause) {
            return Err(format!("cause {named:?} where one with {cause:?} is due").into());
        }
        if let Some(secret) = secrets.iter().find(|secret| end.says(secret)) {
            return Err(format!("{secret} is a secret and is shown: {end:?}").into());
        }
    }
    same("routes and interfaces", &pair.client.state()?, &before)
}

fn wrong_key() -> Result<(), Failed> {
    let key = file("key", "averywrongkey\n")?;
    let more = ["--psk-file", &key.display().to_string(), "--patience", "3"];
    fails(&Pair::new()?, &more, "key-exchanged", "pre-shared key", &["averywrongkey", "nycmeshnet"])?;
    std::fs::remove_file(&key).map_err(|error| error.to_string().into())
}

fn wrong_password() -> Result<(), Failed> {
    let password = file("password", "averywrongpassword\n")?;
    let more = ["--password-file", &password.display().to_string()];
    fails(&Pair::new()?, &more, "lcp-up", "password is wrong", &["averywrongpassword", "nycmeshnet"])?;
    std::fs::remove_file(&password).map_err(|error| error.to_string().into())
}

fn without_device() -> Result<(), Failed> {
    let pair = Pair::new()?;
    let before = pair.supernode.state()?;
    let server = pair.serve(&["--no-tun"])?;
    same("routes and interfaces", &pair.supernode.state()?, &before)?;
    let mut client = pair.connect(&[])?;
    client.await_event("link-up", "")?;
    traffic::ping(&pair.client, INSIDE, LONG)?;
    ended_in_order(&client.end(Signal::INT)?)?;
    ended_in_order(&server.end(Signal::INT)?)
}

fn recording() -> Result<(), Failed> {
    let pair = Pair::new()?;
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("live-{}", std::process::id()));
    let path = directory.display().to_string();
    let server = pair.serve(&["--record", &path])?;
    let mut client = pair.connect(&["--profile", "edgeos"])?;
    client.await_event("link-up", "")?;
    traffic::ping(&pair.client, INSIDE, LONG)?;
    ended_in_order(&client.end(Signal::INT)?)?;
    ended_in_order(&server.end(Signal::INT)?)?;
    let check = Command::new(PROGRAM).args(["check", &path]).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    if !check.status.success() || !said.contains("data-both-ways") || !said.contains("0 violations") {
        return Err(said.into());
    }
    std::fs::remove_dir_all(&directory).map_err(|error| error.to_string().into())
}

fn replayed() -> Result<(), Failed> {
    let said = |error: std::io::Error| error.to_string();
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("live-replay-{}", std::process::id()));
    let case = "guides/connect[client=windows-10,supernode=sn1,topology=direct]";
    let mut record = Command::new(PROGRAM);
    record.args(["run", case, "--record"]).arg(&folder).arg("--scenarios").arg(scenarios());
    if !record.output().map_err(said)?.status.success() {
        return Err(format!("{case} cannot be recorded").into());
    }
    let pair = Pair::new()?;
    let mut replay = Command::new(PROGRAM);
    replay.arg("replay").arg(&folder).args(["--subject", &format!("udp:{SUPERNODE}")]);
    replay.arg("--scenarios").arg(scenarios());
    for (profile, status, text) in
        [("sn1", 0, "no difference in behaviour"), ("libreswan-xl2tpd", 1, "main.2")]
    {
        let server = pair.serve(&["--profile", profile])?;
        let output = pair.client.within(|| replay.output()).map_err(said)?;
        let (out, err) = (self::text(&output.stdout), self::text(&output.stderr));
        if output.status.code() != Some(status) || !out.contains(text) {
            return Err(format!(
                "{profile}: {:?} where {status} and {text:?} are due: {out}{err}",
                output.status
            )
            .into());
        }
        if !err.contains("one connection as the client of wire.pcapng") || !err.contains("no user data") {
            return Err(format!("what is sent is not said before: {err}").into());
        }
        server.end(Signal::INT)?.expect_status(0)?;
    }
    std::fs::remove_dir_all(&folder).map_err(|error| error.to_string().into())
}

/// The kit's script, in a file.
fn script() -> Result<PathBuf, Failed> {
    let printed = Command::new(PROGRAM).arg("kit").output().map_err(|error| error.to_string())?;
    file("record.sh", &String::from_utf8_lossy(&printed.stdout))
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn kit() -> Result<(), Failed> {
    let said = |error: std::io::Error| error.to_string();
    let pair = Pair::new()?;
    let script = script()?;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("kit-{}", std::process::id()));
    let mut command = Command::new("sh");
    command.arg(&script).args(["-i", "wire", "-k", "-o"]).arg(&folder).stderr(Stdio::piped());
    let recorder = pair.supernode.within(|| command.spawn()).map_err(said)?;
    let log = folder.join("tcpdump.log");
    let listens = || std::fs::read_to_string(&log).is_ok_and(|log| log.contains("listening on"));
    let until = Instant::now() + Duration::from_secs(20);
    while !listens() {
        if Instant::now() > until {
            return Err("tcpdump does not listen".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let server = pair.serve(&[])?;
    let mut client = pair.connect(&[])?;
    client.await_event("link-up", "")?;
    traffic::ping(&pair.client, INSIDE, LONG)?;
    ended_in_order(&client.end(Signal::INT)?)?;
    ended_in_order(&server.end(Signal::INT)?)?;
    let pid = i32::try_from(recorder.id()).ok().and_then(Pid::from_raw).ok_or("no such process")?;
    kill_process(pid, Signal::TERM).map_err(|error| error.to_string())?;
    let output = recorder.wait_with_output().map_err(said)?;
    let told = text(&output.stderr);
    for word in ["at most 600 s", "stopped: it was interrupted", "0 packets dropped", "cost: "] {
        if !told.contains(word) {
            return Err(format!("{word:?} is not said: {told}").into());
        }
    }
    same("status", &format!("{:?}", output.status.code()), "Some(0)")?;
    let check = Command::new(PROGRAM).args(["check", "--json"]).arg(&folder).output().map_err(said)?;
    let outcome = text(&check.stdout);
    // Without keys: up to what is said in the clear, and ESP.
    if !outcome.contains("\"hidden\":[")
        || !outcome.contains("\"rung\":\"ended\"") && !outcome.contains("esp-both-ways")
    {
        return Err(format!("{outcome}{}", text(&check.stderr)).into());
    }
    for left in ["pieces", "keys"] {
        if folder.join(left).exists() {
            return Err(format!("{left} is left").into());
        }
    }
    std::fs::remove_file(&script).map_err(said)?;
    std::fs::remove_dir_all(&folder).map_err(|error| error.to_string().into())
}

fn kit_refuses() -> Result<(), Failed> {
    let script = script()?;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("kit-no-{}", std::process::id()));
    let path = folder.display().to_string();
    let namespace = Namespace::new()?;
    let cases: [(&[&str], &str); 5] = [
        (&["-i", "nowhere0", "-o", &path], "there is no interface nowhere0"),
        (&["-t", "soon", "-o", &path], "-t takes a number of seconds, not soon"),
        (&["-s", "0", "-o", &path], "-s takes a number of megabytes, not 0"),
        (&["-s", "999999999", "-i", "lo", "-o", &path], "no room: "),
        (&["-o", &path, "more"], "one word too many: more"),
    ];
    for (arguments, why) in cases {
        let mut command = Command::new("sh");
        command.arg(&script).args(arguments);
        let output = namespace.within(|| command.output()).map_err(|error| error.to_string())?;
        let told = text(&output.stderr);
        if output.status.code() != Some(2) || !told.contains(why) || !told.contains("hint: ") {
            return Err(format!("{why:?} is not said, or the status is not 2: {told}").into());
        }
        if folder.exists() {
            return Err(format!("{path} is left").into());
        }
    }
    std::fs::remove_file(&script).map_err(|error| error.to_string().into())
}

fn unprivileged() -> Result<(), Failed> {
    for verb in ["connect", "serve"] {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-all", "--inh-caps=-all", PROGRAM, verb, "--bind", "127.0.0.1"]);
        command.arg("--scenarios").arg(scenarios());
        if verb == "connect" {
            command.arg("127.0.0.1");
        }
        let namespace = Namespace::new()?;
        let output = namespace.within(|| command.output()).map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.code() != Some(3) {
            return Err(format!("{verb}: {:?}, {said}", output.status).into());
        }
        for capability in ["CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_NET_ADMIN"] {
            if !said.contains(capability) {
                return Err(format!("{verb}: {capability} is not named: {said}").into());
            }
        }
    }
    Ok(())
}
