//! Labs that stand, from the command line: put up, dialled by the reference on real sockets, taken down, killed.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::Value;

use super::AGENT;

fn run(command: &mut Command) -> Result<(String, Output), Failed> {
    let output = command.output().map_err(|error| error.to_string())?;
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    Ok((String::from_utf8_lossy(&text).into_owned(), output))
}

fn lab(words: &[&str]) -> Result<String, Failed> {
    let scenarios = super::root();
    let mut command = Command::new(AGENT);
    command.arg("lab").args(words);
    if words[0] == "up" {
        command.arg("--scenarios").arg(scenarios);
    }
    let (text, output) = run(&mut command)?;
    if output.status.success() { Ok(text) } else { Err(format!("{words:?}: {text}").into()) }
}

fn status(name: &str) -> Result<Option<Value>, Failed> {
    let text = lab(&["status", "--json"])?;
    let labs = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(labs.into_iter().find(|lab| lab["name"] == name))
}

fn nothing_is_left(name: &str) -> Result<(), Failed> {
    for place in ["/run/netns/l2tpspec-", "/run/l2tpspec/"] {
        for end in ["", ".json", ".sock", ".log"] {
            let path = format!("{place}{name}{end}");
            if Path::new(&path).exists() {
                return Err(format!("{path} is left").into());
            }
        }
    }
    Ok(())
}

/// The reference dials real strongSwan, xl2tpd and pppd by real sockets, a TUN device and a kernel's own ping.
pub(super) fn dialled() -> Result<(), Failed> {
    let name = format!("dialled-{}", std::process::id());
    lab(&["up", "strongswan-xl2tpd", "--as", &name])?;
    let done = dial(&name);
    lab(&["down", &name])?;
    nothing_is_left(&name)?;
    let text = done?;
    let has = |word: &str| text.lines().any(|line| line.contains(word) && line.contains("frame"));
    if ["phase2-up", "authenticated", "data-both-ways", "ended"].into_iter().all(has) {
        Ok(())
    } else {
        Err(text.into())
    }
}

fn dial(name: &str) -> Result<String, Failed> {
    let lab = status(name)?.ok_or("it does not stand")?;
    let word = |key: &str| lab[key].as_str().map(str::to_owned).ok_or_else(|| format!("no {key}: {lab}"));
    let (namespace, guest) = (word("namespace")?, word("guest")?);
    let inside = |words: &[&str]| {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &namespace]).args(words);
        command
    };
    let scenarios = super::root().display().to_string();
    let dial = [AGENT, "connect", &guest, "--profile", "edgeos", "--scenarios", &scenarios, "--length", "20"];
    let connected = std::thread::spawn({
        let mut command = inside(&dial);
        move || run(&mut command)
    });
    // A datagram to the peer's end of the link; the echo comes from the kernel of the guest.
    let script = "until ip -4 -o addr show dev l2tpspec0 2>/dev/null | grep -q peer; do sleep 0.2; done; \
                  peer=$(ip -4 -o addr show dev l2tpspec0 | sed 's/.*peer \\([0-9.]*\\).*/\\1/'); \
                  exec bash -c \"for n in 1 2 3; do echo hello >/dev/udp/$peer/9; sleep 0.3; done\"";
    let (said, _) = run(&mut inside(&["timeout", "18", "sh", "-c", script]))?;
    let (text, output) = connected.join().map_err(|_| "connect has panicked")??;
    if output.status.success() { Ok(text) } else { Err(format!("connect: {text}\nand: {said}").into()) }
}

/// Real strongSwan, xl2tpd and pppd dial the reference on real sockets; packets as long as the link takes go both ways by the
/// kernels' own doing.
pub(super) fn dials() -> Result<(), Failed> {
    let name = format!("dials-{}", std::process::id());
    lab(&["up", "strongswan-edgeos", "--as", &name])?;
    let done = serve(&name);
    lab(&["down", &name])?;
    nothing_is_left(&name)?;
    let text = done?;
    let mut from = 0;
    for word in
        ["phase1-up", "phase2-up", "authenticated", "link-up", "link-down", "phase2-down", "phase1-down"]
    {
        match text[from..].find(&format!(r#""event":"{word}""#)) {
            Some(at) => from += at,
            None => return Err(format!("no {word} in its turn: {text}").into()),
        }
    }
    Ok(())
}

fn serve(name: &str) -> Result<String, Failed> {
    let standing = status(name)?.ok_or("it does not stand")?;
    let namespace = standing["namespace"].as_str().ok_or("no namespace")?;
    let scenarios = super::root();
    let mut server = Command::new("ip")
        .args(["netns", "exec", namespace, AGENT, "serve", "--json", "--length", "120", "--scenarios"])
        .arg(scenarios)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| error.to_string())?;
    let used = used(name);
    // As Ctrl-C does. Whatever has come of the client, the server ends.
    run(Command::new("kill").args(["-INT", &server.id().to_string()]))?;
    let mut text = String::new();
    let read = server.stdout.as_mut().map(|out| out.read_to_string(&mut text)).transpose();
    let status = server.wait().map_err(|error| error.to_string())?;
    read.map_err(|error| error.to_string())?;
    match used {
        Ok(()) if status.success() => Ok(text),
        Ok(()) => Err(format!("serve ended with {status}: {text}").into()),
        Err(failed) => Err(format!("{}: {text}", failed.message().unwrap_or_default()).into()),
    }
}

/// Lets the client of a lab that stands dial, ping, and hang up.
fn used(name: &str) -> Result<(), Failed> {
    lab(&["tell", name, "connect"])?;
    let is_up = |state: &str| {
        serde_json::from_str::<Value>(state)
            .is_ok_and(|state| state["ppp"] == 1 && state["ppp.peer"] == "10.70.72.1")
    };
    // It is emulated, and others may be at work beside it.
    let mut tries = 0;
    while !is_up(&lab(&["tell", name, "state"])?) {
        tries += 1;
        if tries == 120 {
            return Err("it did not connect".into());
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    let mut shell = Command::new(AGENT)
        .args(["lab", "shell", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let line = b"ping -c 3 -i 0.3 -W 5 -M do -s 1372 10.70.72.1\n";
    shell
        .stdin
        .take()
        .map(|mut stdin| stdin.write_all(line))
        .transpose()
        .map_err(|error| error.to_string())?;
    let pinged = shell.wait_with_output().map_err(|error| error.to_string())?;
    let pinged = String::from_utf8_lossy(&pinged.stdout);
    lab(&["tell", name, "disconnect"])?;
    if pinged.contains(" 3 received") { Ok(()) } else { Err(pinged.into_owned().into()) }
}

/// What a holder that is killed leaves is removed by the next one who looks.
pub(super) fn killed() -> Result<(), Failed> {
    let name = format!("killed-{}", std::process::id());
    lab(&["up", "xl2tpd", "--as", &name])?;
    let lab = status(&name)?.ok_or("it does not stand")?;
    run(Command::new("kill").args(["-9", &lab["pid"].to_string()]))?;
    // A process that is killed is there for a moment more.
    for _ in 0..100 {
        if status(&name)?.is_none() {
            return nothing_is_left(&name);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err("it stands without a holder".into())
}
