//! The verbs `connect` and `serve`.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as ClapArgs;

use super::check::{write_out, write_page};
use super::run::root;
use crate::check::{human, json};
use crate::error::ExpectedError;
use crate::exit_code;
use crate::live::{self, Limits, Plan, Report, Settings, Why};
use crate::profile::{Profile, Role, Service};
use crate::world::route::Prefix;

pub(super) const SECRETS: &str = "\
Secrets are read from files or the environment, never from the command line: L2TPSPEC_USER, L2TPSPEC_PASSWORD, \
L2TPSPEC_PSK, L2TPSPEC_TUNNEL_SECRET.

Exit status: 0 it was up and has ended as asked; 1 the connection failed or was lost; 2 wrong usage or an unreadable file; \
3 it could not begin: a privilege, a port, a TUN device or a name is lacking.";

/// What `connect` takes.
#[derive(Debug, ClapArgs)]
#[command(after_help = SECRETS)]
pub(super) struct Connect {
    /// The supernode, by name or IPv4 address; that of the service unless told.
    #[arg(value_name = "HOST")]
    host: Option<String>,
    /// The device that the reference behaves as: `l2tpspec list profiles`.
    #[arg(long, value_name = "NAME", default_value = "networkmanager-strongswan")]
    profile: String,
    /// The supernode profile whose name, user, password and key are those of the service unless told.
    #[arg(long, value_name = "NAME", default_value = "sn1")]
    service: String,
    /// Lead a prefix into the tunnel, written as 10.0.0.0/8. The other end's address always is.
    #[arg(long, value_name = "PREFIX", value_parser = prefix)]
    route: Vec<Prefix>,
    /// Lead everything into the tunnel.
    #[arg(long)]
    default_route: bool,
    /// Put the tunnel's resolvers in place of the host's while it is up.
    #[arg(long)]
    dns: bool,
    /// The file of the host's resolvers.
    #[arg(long, value_name = "FILE", default_value = "/etc/resolv.conf")]
    resolv_conf: PathBuf,
    /// Give up if it is not up after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
    /// Begin anew so many seconds after the connection is lost.
    #[arg(long, value_name = "SECONDS")]
    restart: Option<u64>,
    #[command(flatten)]
    both: Both,
}

/// What `serve` takes.
#[derive(Debug, ClapArgs)]
#[command(after_help = SECRETS)]
pub(super) struct Serve {
    /// The supernode that the reference behaves as: `l2tpspec list profiles`.
    #[arg(long, value_name = "NAME", default_value = "sn1")]
    profile: String,
    /// Its own address inside; that of the profile unless told.
    #[arg(long, value_name = "ADDRESS")]
    address: Option<Ipv4Addr>,
    /// The addresses that it gives, written as FIRST-LAST; those of the profile unless told.
    #[arg(long, value_name = "POOL", value_parser = pool)]
    pool: Option<[Ipv4Addr; 2]>,
    /// The resolver that clients are told; that of the profile unless told.
    #[arg(long, value_name = "ADDRESS")]
    resolver: Option<Ipv4Addr>,
    #[command(flatten)]
    both: Both,
}

/// What both take.
#[derive(Debug, ClapArgs)]
struct Both {
    /// The address of this host to speak from.
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<Ipv4Addr>,
    /// The user.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// A file that holds the password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A file that holds the pre-shared key.
    #[arg(long, value_name = "FILE")]
    psk_file: Option<PathBuf>,
    /// A file that holds the secret of L2TP tunnel authentication.
    #[arg(long, value_name = "FILE")]
    tunnel_secret_file: Option<PathBuf>,
    /// The TUN device; `%d` becomes a number.
    #[arg(long, value_name = "NAME", default_value = "l2tpspec%d")]
    device: String,
    /// Make no TUN device: pings are answered, and nothing else passes.
    #[arg(long)]
    no_tun: bool,
    /// L2TP in the clear, without IPsec.
    #[arg(long)]
    clear: bool,
    /// End after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    length: Option<u64>,
    /// Write what travels: `wire.pcapng` and `keys`, which Wireshark, `decode` and `check` open. It holds user data.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// The directory of scenarios and profiles; `scenarios` unless told.
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn connect(args: &Connect) -> Result<u8, ExpectedError> {
    let both = &args.both;
    let root = root(both.scenarios.as_deref())?;
    let profile = load(&root, &args.profile, Role::Client)?;
    let service = service_of(&root, &args.service)?;
    let limits = Limits {
        patience: Some(Duration::from_secs(args.patience)),
        length: both.length.map(Duration::from_secs),
        restart: args.restart.map(Duration::from_secs),
    };
    let host = args.host.clone().unwrap_or_else(|| service.name.value.clone());
    let settings = Settings {
        routes: args.route.clone(),
        default_route: args.default_route,
        resolver_file: args.dns.then(|| args.resolv_conf.clone()),
    };
    let report = live::connect(both.plan(profile, service, limits)?, &host, settings)?;
    tell(both, report, true)
}

pub(super) fn serve(args: &Serve) -> Result<u8, ExpectedError> {
    let both = &args.both;
    let root = root(both.scenarios.as_deref())?;
    let profile = load(&root, &args.profile, Role::Supernode)?;
    let mut service = service_of(&root, &args.profile)?;
    if let Some(address) = args.address {
        service.address.value = address;
    }
    if let Some([first, last]) = args.pool {
        (service.pool.value.first, service.pool.value.last) = (first, last);
    }
    if let Some(resolver) = args.resolver {
        (service.resolver.value, service.tells_resolver.value) = (Some(resolver), true);
    }
    let limits = Limits { length: both.length.map(Duration::from_secs), ..Limits::default() };
    tell(both, live::serve(both.plan(profile, service, limits)?)?, false)
}

/// Dials a live host as a client and stays for so long: what is heard goes into a folder. What kept it from coming up.
pub(super) fn dial(
    host: &str,
    profile: Profile,
    root: &Path,
    length: Duration,
    folder: &Path,
) -> Result<Option<String>, ExpectedError> {
    let both = Both {
        bind: None,
        user: None,
        password_file: None,
        psk_file: None,
        tunnel_secret_file: None,
        device: String::new(),
        no_tun: true,
        clear: false,
        length: None,
        record: Some(folder.to_owned()),
        scenarios: Some(root.to_owned()),
        json: false,
    };
    let limits =
        Limits { patience: Some(Duration::from_secs(60)), length: Some(length), ..Limits::default() };
    let service = service_of(root, "sn1")?;
    let Report { ended, checked, saved } =
        live::connect(both.plan(profile, service, limits)?, host, Settings::default())?;
    saved?;
    let ended = ended?;
    let cause = checked.connections.first().and_then(|judged| judged.outcome.cause().map(str::to_owned));
    Ok(cause.filter(|_| ended.links == 0))
}

/// Says what came of it.
fn tell(both: &Both, report: Report, is_client: bool) -> Result<u8, ExpectedError> {
    let Report { ended, checked, saved } = report;
    if both.json {
        let mut out = Vec::new();
        json::write(&checked, &[], &mut out);
        write_out(&out)?;
    } else {
        let mut page = human::Page::default();
        human::write(&checked, &[], &mut page);
        write_page(&page)?;
    }
    let ended = ended?;
    saved?;
    Ok(match ended.why {
        Why::Lost | Why::Late => exit_code::FOUND,
        // It was stopped before anything could come of it.
        Why::Asked if is_client && ended.links == 0 => exit_code::NOTHING_JUDGED,
        Why::Asked => exit_code::AS_EXPECTED,
    })
}

impl Both {
    fn plan(&self, profile: Profile, mut service: Service, limits: Limits) -> Result<Plan, ExpectedError> {
        if let Some(user) = self.user.clone().or_else(|| variable("USER")) {
            service.user.value = user;
        }
        if let Some(password) = secret(self.password_file.as_deref(), "PASSWORD")? {
            service.password.value.0 = password;
        }
        if let Some(key) = secret(self.psk_file.as_deref(), "PSK")? {
            service.pre_shared_key.value.0 = key;
        }
        Ok(Plan {
            profile,
            service,
            tunnel_secret: secret(self.tunnel_secret_file.as_deref(), "TUNNEL_SECRET")?,
            is_clear: self.clear,
            bind: self.bind,
            device: (!self.no_tun).then(|| self.device.clone()),
            record: self.record.clone(),
            limits,
            is_json: self.json,
        })
    }
}

/// A variable of ours in the environment.
fn variable(name: &str) -> Option<String> {
    std::env::var(format!("L2TPSPEC_{name}")).ok()
}

/// A secret: of a file, whose last line ending is not part of it, or else of the environment.
fn secret(file: Option<&Path>, name: &str) -> Result<Option<String>, ExpectedError> {
    let Some(path) = file else { return Ok(variable(name)) };
    let text = std::fs::read_to_string(path)
        .map_err(|source| ExpectedError::File { path: path.to_owned(), source })?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(ExpectedError::Usage(format!("{}: it holds no secret", path.display())));
    }
    Ok(Some(text.to_owned()))
}

/// A profile by its name.
fn load(root: &Path, name: &str, role: Role) -> Result<Profile, ExpectedError> {
    let all = Profile::load_all(root)?.into_iter().filter(|profile| profile.role == role);
    let (mut found, others): (Vec<_>, Vec<_>) = all.partition(|profile| profile.name == name);
    found.pop().ok_or_else(|| {
        let names: Vec<String> = others.iter().map(|profile| format!("`{}`", profile.name)).collect();
        let what = if role == Role::Client { "client" } else { "supernode" };
        ExpectedError::Usage(format!(
            "no {what} profile is called `{name}`\nhint: there are {}",
            names.join(", ")
        ))
    })
}

/// What the supernode of a profile offers.
fn service_of(root: &Path, name: &str) -> Result<Service, ExpectedError> {
    let profile = load(root, name, Role::Supernode)?;
    profile.service.ok_or_else(|| {
        ExpectedError::Usage(format!("the profile `{name}` offers no service\nhint: `sn1` and `sn3` do"))
    })
}

fn prefix(text: &str) -> Result<Prefix, String> {
    let read = || {
        let (address, length) = text.split_once('/').unwrap_or((text, "32"));
        let (address, length) = (address.parse().ok()?, length.parse().ok().filter(|length| *length <= 32)?);
        let prefix = Prefix::new(address, length);
        (prefix.network() == address).then_some(prefix)
    };
    read().ok_or_else(|| "not an IPv4 prefix such as 10.0.0.0/8".to_owned())
}

fn pool(text: &str) -> Result<[Ipv4Addr; 2], String> {
    let read = || {
        let (first, last) = text.split_once('-')?;
        let pool: [Ipv4Addr; 2] = [first.trim().parse().ok()?, last.trim().parse().ok()?];
        pool.is_sorted().then_some(pool)
    };
    read().ok_or_else(|| "not two IPv4 addresses such as 10.70.72.2-10.70.72.254".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_read_as_they_are_written_elsewhere() {
        assert_eq!(prefix("10.0.0.0/8"), Ok(Prefix::new(Ipv4Addr::new(10, 0, 0, 0), 8)));
        assert_eq!(prefix("10.1.2.3"), Ok(Prefix::new(Ipv4Addr::new(10, 1, 2, 3), 32)));
        for wrong in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0/8", "mesh"] {
            assert!(prefix(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_pool_goes_upwards() {
        assert_eq!(pool("10.0.0.2-10.0.0.9"), Ok([Ipv4Addr::new(10, 0, 0, 2), Ipv4Addr::new(10, 0, 0, 9)]));
        for wrong in ["10.0.0.9-10.0.0.2", "10.0.0.2", "a-b"] {
            assert!(pool(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_of_a_file_ends_before_its_line_ending() {
        let path = std::env::temp_dir().join(format!("l2tpspec-secret-{}", std::process::id()));
        for (text, held) in
            [("a b\n", Some("a b")), ("a\r\n", Some("a")), ("a\n\n", Some("a\n")), ("\n", None)]
        {
            std::fs::write(&path, text).expect("it is written");
            let read = secret(Some(&path), "NONE");
            match held {
                Some(held) => assert_eq!(read.expect("a secret").as_deref(), Some(held)),
                None => assert!(read.is_err(), "{text:?}"),
            }
        }
        std::fs::remove_file(&path).expect("it goes");
        assert!(secret(Some(&path), "NONE").is_err());
    }
}
