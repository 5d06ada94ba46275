//! Scenarios against real daemons on real kernels: one trial a subject, whose guest is booted once for all of its cases.
//!
//! They download Debian's packages and take minutes, so they show as ignored unless `L2TPSPEC_REQUIRE=lab` asks for them. What a
//! change of a server shows takes half an hour for all changes: `L2TPSPEC_CHANGES` has the beginnings of their names, or `all`.

mod changes;
mod namespaces;
mod stands;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use l2tpspec::lab::{self, Subject, SubjectFile};
use l2tpspec::scenario::away::{self, Away};
use l2tpspec::scenario::known::KnownFailures;
use l2tpspec::scenario::model::{Case, Verb};
use l2tpspec::scenario::play::Options;
use l2tpspec::scenario::suite::{self, Suite};
use l2tpspec::scenario::verdict::Verdict;
use libtest_mimic::{Arguments, Failed, Trial};

/// The program that runs in a guest.
const AGENT: &str = env!("CARGO_BIN_EXE_l2tpspec");

/// What each subject plays.
const PLAYED: &[(&str, &[&str])] = &[
    (
        "strongswan-xl2tpd",
        &[
            "guides/connect*client=windows-10*client-behind-nat*",
            "guides/connect*client=ios*direct*",
            "guides/connect*client=android-9*client-behind-nat*",
            "guides/connect*client=mikrotik-ros7*direct*",
            "guides/connect*client=networkmanager-strongswan*client-behind-nat*",
            "ike/dpd/answered*direct*",
            "ike/header/length*length=27*direct*",
            "ike/offer/group*value=99*direct*",
            "l2tp/sccrq/unknown-avp-optional*kind=99,vendor=9]",
        ],
    ),
    (
        "libreswan-xl2tpd",
        &[
            "guides/connect*client=windows-10*direct*",
            "guides/connect*client=macos*client-behind-nat*",
            "guides/connect*client=networkmanager-libreswan*client-behind-nat*",
            "matrix/supernode/end*client=windows-7*direct*",
        ],
    ),
    (
        "xl2tpd",
        &[
            "guides/connect*client=networkmanager-strongswan*direct*",
            "l2tp/order/unknown-message-optional",
            "l2tp/order/wrong-tunnel-id",
            "l2tp/sccrq/unknown-avp-optional*",
            "ppp/lcp/callback",
        ],
    ),
    (
        "strongswan-edgeos",
        &[
            "guides/edgeos-configuration",
            "guides/edgeos-dns[subject=client]",
            "guides/edgeos-dns-tunnel-down*subject=client*",
            "guides/edgeos-masquerade*subject=client*",
            "guides/edgeos-ospf-mtu-workaround*subject=client*",
            "guides/edgeos-remotename-workaround*",
            "guides/edgeos-route*subject=client*",
        ],
    ),
    ("strongswan-frr", &["guides/ospf-peering*direct*"]),
    (
        "l2tpns",
        &[
            "guides/connect*client=networkmanager-strongswan*direct*",
            "l2tp/avp/optional-in-any-message*ICRQ*",
            "l2tp/order/ahead*ns=9*",
            "ppp/lcp/echo*from=client*edgeos*",
        ],
    ),
    ("strongswan-unbound", &["matrix/supernode/dns*client=edgeos*client-behind-nat*"]),
    ("strongswan-openwrt", &["matrix/client/data*client-behind-nat*", "matrix/client/end*direct*"]),
    ("networkmanager-strongswan", &["matrix/client/data*client-behind-nat*", "matrix/client/end*direct*"]),
    ("networkmanager-libreswan", &["matrix/client/data*client-behind-nat*", "matrix/client/end*direct*"]),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let required = std::env::var("L2TPSPEC_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|name| name.trim() == "lab");
    let why = if is_required { "" } else { "L2TPSPEC_REQUIRE=lab is not set" };
    let mut trials: Vec<Trial> = PLAYED
        .iter()
        .map(|(name, words)| {
            let trial = Trial::test(format!("lab/{name}"), move || played(name, words));
            trial.with_kind(why).with_ignored_flag(!is_required)
        })
        .collect();
    let trial = Trial::test("lab/in-clear", in_clear).with_kind(why).with_ignored_flag(!is_required);
    trials.push(trial);
    let trial = Trial::test("lab/both", both).with_kind(why).with_ignored_flag(!is_required);
    trials.push(trial);
    let trial = Trial::test("lab/namespaces", || namespaces::played(Path::new(AGENT), &root()));
    trials.push(trial.with_kind(why).with_ignored_flag(!is_required));
    let is_able = rustix::process::geteuid().is_root() && Path::new("/dev/net/tun").exists();
    let stands = [
        ("lab/stands", stands::dialled as fn() -> _),
        ("lab/stands-dials", stands::dials),
        ("lab/stands-killed", stands::killed),
    ];
    for (name, run) in stands {
        let why = if is_required && !is_able { "it takes root and /dev/net/tun" } else { why };
        trials.push(Trial::test(name, run).with_kind(why).with_ignored_flag(!is_required || !is_able));
    }
    let is_changed = is_required && std::env::var_os("L2TPSPEC_CHANGES").is_some();
    let why = if is_changed { "" } else { "L2TPSPEC_REQUIRE=lab and L2TPSPEC_CHANGES=all are not set" };
    trials.push(Trial::test("lab/changes", changed).with_kind(why).with_ignored_flag(!is_changed));
    trials.push(Trial::test("every_subject_is_played", every_subject_is_played));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

fn every_subject_is_played() -> Result<(), Failed> {
    let known = lab::subjects(&root()).map_err(|error| error.to_string())?;
    let mut names: Vec<&str> = known.iter().map(|(_, file)| &file.name[..]).collect();
    let mut played: Vec<&str> = PLAYED.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    played.sort_unstable();
    if names != played {
        return Err(format!("{names:?} are there, {played:?} are played").into());
    }
    let suite = Suite::load(&root()).map_err(|error| error.to_string())?;
    for (name, words) in PLAYED {
        chosen(&suite, &subject(name)?, words)?;
    }
    Ok(())
}

/// What a subject plays of a suite. Every word has to choose something.
fn chosen<'a>(suite: &'a Suite, file: &SubjectFile, words: &[&str]) -> Result<Vec<&'a Case>, Failed> {
    let mut cases: Vec<&Case> = suite.cases.iter().collect();
    away::choose(&mut cases, file.role.into(), &file.profile, None);
    if let Some(word) = words.iter().find(|word| !cases.iter().any(|case| suite::is_chosen(case, word))) {
        return Err(format!("no case of {} is chosen by `{word}`", file.name).into());
    }
    cases.retain(|case| words.iter().any(|word| suite::is_chosen(case, word)));
    Ok(cases)
}

fn changed() -> Result<(), Failed> {
    let words = std::env::var("L2TPSPEC_CHANGES").unwrap_or_default();
    let words: Vec<&str> = words.split(',').collect();
    let mut all = changes::all();
    all.retain(|change| words.iter().any(|word| *word == "all" || change.name.starts_with(word)));
    if all.is_empty() {
        return Err(format!("no change has a name that begins with {}", words.join(" or ")).into());
    }
    let others = [subject("libreswan-xl2tpd")?];
    changes::played(&subject("strongswan-xl2tpd")?, &others, &root(), Path::new(AGENT), &all)
}

/// A server whose kernel has lost its policies decrypts what comes and answers in clear: nothing but a look at the wire tells.
fn in_clear() -> Result<(), Failed> {
    let suite = Suite::load(&root()).map_err(|error| error.to_string())?;
    let derived = serde_json::json!({
        "format": 1, "extends": "strongswan-xl2tpd", "title": "a server without policies",
        "edits": { "/etc/swanctl/conf.d/l2tp.conf": [
            { "line": "mode = transport", "becomes": ["mode = transport", "policies = no"] }
        ] }
    });
    let derived = serde_json::from_value(derived).map_err(|error| error.to_string())?;
    let file = subject("strongswan-xl2tpd")?.derive(derived)?;
    let mut subject = Subject::boot(file, Path::new(AGENT)).map_err(|error| error.to_string())?;
    let word = "guides/connect*client=networkmanager-strongswan*sn1*direct*";
    let mut cases: Vec<Case> =
        suite.cases.iter().filter(|case| suite::is_chosen(case, word)).cloned().collect();
    // It does not connect, which takes no two minutes to be seen.
    for step in cases.iter_mut().flat_map(|case| &mut case.steps) {
        if let Verb::Do(action) = &mut step.verb {
            action.within = Duration::from_secs(20);
        }
    }
    let cases: Vec<&Case> = cases.iter().collect();
    let mut found = Vec::new();
    let mut away = Away::new(&mut subject);
    suite::run_away(&cases, &suite.profiles, "1", Options::default(), &mut away, |_, played| {
        let broken: Vec<String> =
            played.checked.iter().flat_map(|it| it.unknown()).map(|it| it.requirement.id.clone()).collect();
        found.push((played.verdict, broken));
    });
    match found.as_slice() {
        [(Verdict::Fail, broken)] if broken.iter().any(|id| id == "L2IP-3193-2-a") => Ok(()),
        _ => Err(format!("{found:?}").into()),
    }
}

/// Daemons at both ends. Nothing of this process has a key, so that what they said is opened with what they say of theirs.
fn both() -> Result<(), Failed> {
    let suite = Suite::load(&root()).map_err(|error| error.to_string())?;
    let boot = |name| -> Result<Subject, Failed> {
        Subject::boot(subject(name)?, Path::new(AGENT)).map_err(|error| error.to_string().into())
    };
    let (mut supernode, mut client) = (boot("strongswan-xl2tpd")?, boot("strongswan-edgeos")?);
    let word = "matrix/supernode/data*client=edgeos*client-behind-nat*";
    let cases: Vec<&Case> = suite.cases.iter().filter(|case| suite::is_chosen(case, word)).collect();
    let mut away = Away::new(&mut supernode).with(&mut client);
    let mut found = Vec::new();
    suite::run_away(&cases, &suite.profiles, "1", Options::default(), &mut away, |_, played| {
        let judged = played.checked.iter().flat_map(|it| &it.connections);
        let rungs: Vec<&str> = judged.map(|judged| judged.outcome.rung.word()).collect();
        found.push((played.verdict, rungs, played.failure));
    });
    match found.as_slice() {
        [(Verdict::Pass, rungs, _)] if rungs == &["data-both-ways"] => Ok(()),
        _ => Err(format!("{found:?}").into()),
    }
}

fn subject(name: &str) -> Result<SubjectFile, Failed> {
    let known = lab::subjects(&root()).map_err(|error| error.to_string())?;
    let file = known.into_iter().map(|(_, file)| file).find(|file| file.name == name);
    file.ok_or_else(|| "there is no such subject".into())
}

fn played(name: &str, words: &[&str]) -> Result<(), Failed> {
    let suite = Suite::load(&root()).map_err(|error| error.to_string())?;
    let file = subject(name)?;
    let cases = chosen(&suite, &file, words)?;
    let mut subject = Subject::boot(file, Path::new(AGENT)).map_err(|error| error.to_string())?;
    let known = KnownFailures::about(&format!("lab:{name}"), &root()).map_err(|error| error.to_string())?;
    let mut known = known.unwrap_or_default();
    let mut wrong = Vec::new();
    let mut away = Away::new(&mut subject);
    suite::run_away(&cases, &suite.profiles, "1", Options::default(), &mut away, |at, played| {
        let (verdict, _) = known.judge(cases[at], played.verdict, played.failure.as_ref(), "");
        if !matches!(verdict, Verdict::Pass | Verdict::KnownFailure) {
            wrong.push(format!("{}: {} {:?}", cases[at].name(), verdict.word(), played.failure));
        }
    });
    let hosted = subject.hosted();
    let has_version = |package: &&String| hosted.versions.iter().any(|(name, _)| name == *package);
    wrong.extend(
        subject.file().packages.iter().filter(|it| !has_version(it)).map(|it| format!("{it}: no version")),
    );
    // A mutation has its happy path and its probe, which are set up by themselves.
    if hosted.resets < u32::try_from(cases.len())? {
        wrong.push(format!("{} cases, {} resets", cases.len(), hosted.resets));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
