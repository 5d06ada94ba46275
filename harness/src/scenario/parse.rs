//! A scenario file becomes cases; everything that is wrong with it is said at once.

use std::path::Path;
use std::time::Duration;

use super::fields::{self, Fields};
use super::model::{Case, Changes, Outcome};
use super::params::{self, Param};
use super::source::{self, Kind, Node, Problem, Problems};
use super::step;
use super::topology::{DIRECT, Topology};
use super::vocabulary::Selector;
use crate::rule::catalogue;
use crate::transcript::connection::Role;
use crate::triage::Rung;

/// What a scenario may refer to.
#[derive(Debug, Default)]
pub struct Known {
    /// Names of client profiles.
    pub clients: Vec<String>,
    /// Names of supernode profiles.
    pub supernodes: Vec<String>,
    /// The topologies.
    pub topologies: Vec<Topology>,
}

/// What any moment may bring, unless a scenario says otherwise.
pub const AMBIENT: &[&str] = &[
    "l2tp.ZLB",
    "l2tp.HELLO",
    "lcp.Echo-Request",
    "lcp.Echo-Reply",
    "lcp.Identification",
    "ike.info.R-U-THERE",
    "ike.info.R-U-THERE-ACK",
    "nat.keepalive",
    "ospf.Hello",
];

/// Reads the text of a scenario; `id` is its path below the directory of scenarios, without `.json`.
///
/// # Errors
/// Everything that is not understood, with its place.
pub fn cases(path: &Path, id: &str, text: &str, known: &Known) -> Result<Vec<Case>, Problems> {
    let root = source::parse(path, text)?;
    let mut problems = Vec::new();
    let cases = read(path, id, text, &root, known, &mut problems);
    if problems.is_empty() { Ok(cases) } else { Err(Problems::new(path, text, problems)) }
}

fn read(
    path: &Path,
    id: &str,
    text: &str,
    root: &Node,
    known: &Known,
    problems: &mut Vec<Problem>,
) -> Vec<Case> {
    let Kind::Object(members) = &root.kind else {
        problems.push(Problem::new(root.span.clone(), "a scenario is an object"));
        return Vec::new();
    };
    // What another format means by the other keys is not known.
    match members.iter().find(|member| member.key == "format") {
        Some(member) if fields::json(&member.value) == 1 => {}
        Some(member) => {
            problems.push(
                Problem::new(member.value.span.clone(), "this format is not known")
                    .help("this version reads 1"),
            );
            return Vec::new();
        }
        None => {
            let at = root.span.start;
            problems.push(Problem::new(at..at + 1, "missing key `format`").help("\"format\": 1"));
            return Vec::new();
        }
    }
    let find = |key: &str| members.iter().find(|member| member.key == key).map(|member| &member.value);
    let params = params::read(find("params"), problems);
    let all = find("combine").is_some_and(|node| fields::json(node) == "all");
    let mut used = Vec::new();
    let mut cases = Vec::new();
    for combination in params::combinations(&params, all) {
        let values: Vec<(&str, &Node)> =
            params.iter().zip(&combination).map(|((name, values), at)| (*name, values[*at])).collect();
        let node = params::substituted(root, &values, &mut used);
        let label: Vec<String> =
            values.iter().map(|(name, value)| format!("{name}={}", params::label(value))).collect();
        let label = if label.is_empty() { String::new() } else { format!("[{}]", label.join(",")) };
        let mut found = Vec::new();
        let mut case = Reader { path, id, text, known, problems: &mut found }.case(&node, label);
        if let Some(case) = &mut case {
            for (name, value) in &values {
                case.title = case.title.replace(&format!("${name}"), &params::label(value));
            }
        }
        // The same mistake shows in every combination.
        problems.extend(found.into_iter().filter(|problem| !problems.contains(problem)).collect::<Vec<_>>());
        cases.extend(case);
    }
    unused_params(root, &params, &used, problems);
    cases
}

fn unused_params(root: &Node, params: &[Param<'_>], used: &[String], problems: &mut Vec<Problem>) {
    let Kind::Object(members) = &root.kind else { return };
    let Some(Node { kind: Kind::Object(written), .. }) =
        members.iter().find(|member| member.key == "params").map(|member| &member.value)
    else {
        return;
    };
    for member in written {
        let is_param = params.iter().any(|(name, _)| *name == member.key);
        if is_param && !used.contains(&member.key) {
            let what = format!("parameter `{}` is not used", member.key);
            let help = format!("refer to it as \"${}\", or remove it", member.key);
            problems.push(Problem::new(member.span.clone(), what).help(help));
        }
    }
}

struct Reader<'a> {
    path: &'a Path,
    id: &'a str,
    text: &'a str,
    known: &'a Known,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn case(mut self, root: &Node, combination: String) -> Option<Case> {
        let mut f = Fields::new(root, self.problems)?;
        f.get("$schema");
        f.get("format");
        f.get("params");
        if let Some(node) = f.get("combine") {
            let said = fields::text(node, self.problems);
            if said.as_deref().is_some_and(|said| said != "all" && said != "pairs") {
                let said = said.unwrap_or_default();
                self.problems.push(Problem::unknown(node.span.clone(), "word", &said, ["all", "pairs"]));
            }
        }
        let id = f.need("id", self.problems);
        self.check_id(id);
        let title = f.need("title", self.problems).and_then(|node| fields::text(node, self.problems));
        let cites = f.need("cites", self.problems);
        let cites = self.requirements(cites);
        let breaks = f.get("breaks");
        let breaks = self.requirements(breaks);
        let seen_in = f.get("seen_in").map(|node| fields::texts(node, self.problems)).unwrap_or_default();
        let subject = f.need("subject", self.problems).and_then(|node| role(node, self.problems));
        let client = f.need("client", self.problems);
        let client = self.word(client, "client profile", &self.known.clients);
        let supernode = f.need("supernode", self.problems);
        let supernode = self.word(supernode, "supernode profile", &self.known.supernodes);
        let names: Vec<String> = self.known.topologies.iter().map(|topology| topology.name.clone()).collect();
        let topology = match f.get("topology") {
            None => Some(DIRECT.to_owned()),
            node => self.word(node, "topology", &names),
        };
        let topology = self.known.topologies.iter().find(|known| topology.as_ref() == Some(&known.name));
        let changes = f.get("changes").and_then(|node| self.changes(node)).unwrap_or_default();
        let network =
            f.get("network").and_then(|node| step::network(node, self.problems)).unwrap_or_default();
        let ambient = match f.get("ambient") {
            Some(node) => fields::list(node, self.problems)
                .iter()
                .filter_map(|node| step::selector(node, self.problems))
                .collect(),
            None => AMBIENT.iter().filter_map(|text| Selector::parse(text)).collect(),
        };
        let outcome = f.get("outcome").and_then(|node| self.outcome(node));
        let steps = match f.need("steps", self.problems) {
            Some(node) => step::steps(node, self.text, self.problems),
            None => Vec::new(),
        };
        f.finish("key", self.problems);
        Some(Case {
            path: self.path.to_owned(),
            id: self.id.to_owned(),
            combination,
            title: title?,
            cites,
            seen_in,
            subject: subject?,
            client: client?,
            supernode: supernode?,
            topology: topology?.clone(),
            changes,
            network,
            ambient,
            breaks,
            steps,
            outcome,
        })
    }

    fn check_id(&mut self, node: Option<&Node>) {
        let Some(node) = node else { return };
        let said = fields::text(node, self.problems).unwrap_or_default();
        if said != self.id {
            let what = format!("id `{said}` is not the path of the file");
            self.problems
                .push(Problem::new(node.span.clone(), what).help(format!("\"id\": \"{}\"", self.id)));
        }
    }

    fn requirements(&mut self, node: Option<&Node>) -> Vec<String> {
        let Some(node) = node else { return Vec::new() };
        let mut ids = Vec::new();
        for item in fields::list(node, self.problems) {
            let Some(id) = fields::text(item, self.problems) else { continue };
            if catalogue::find(&id).is_none() {
                let all = catalogue::all().iter().map(|requirement| &requirement.id[..]);
                self.problems.push(Problem::unknown(item.span.clone(), "requirement", &id, all));
            }
            ids.push(id);
        }
        ids
    }

    fn word(&mut self, node: Option<&Node>, sort: &str, allowed: &[String]) -> Option<String> {
        let node = node?;
        let said = fields::text(node, self.problems)?;
        if !allowed.contains(&said) {
            let allowed = allowed.iter().map(|name| &name[..]);
            self.problems.push(Problem::unknown(node.span.clone(), sort, &said, allowed));
            return None;
        }
        Some(said)
    }

    fn changes(&mut self, node: &Node) -> Option<Changes> {
        let mut f = Fields::new(node, self.problems)?;
        let mut changes = Changes::default();
        for (key, facts) in [("client", &mut changes.client), ("supernode", &mut changes.supernode)] {
            if let Some(Node { kind: Kind::Object(members), .. }) = f.get(key) {
                *facts =
                    members.iter().map(|member| (member.key.clone(), fields::json(&member.value))).collect();
            }
        }
        let problems = &mut *self.problems;
        let mut text = |key| f.get(key).and_then(|node| fields::text(node, problems));
        changes.user = text("user");
        changes.password = text("password");
        changes.pre_shared_key = text("pre_shared_key");
        changes.remote_name = text("remote_name");
        changes.tunnel_secret = [text("client_tunnel_secret"), text("supernode_tunnel_secret")];
        changes.restart = f.get("restart").and_then(|node| fields::time(node, problems));
        f.finish("change", problems);
        Some(changes)
    }

    fn outcome(&mut self, node: &Node) -> Option<Outcome> {
        let mut f = Fields::new(node, self.problems)?;
        let rungs: Vec<String> = Rung::ALL.iter().map(|rung| rung.word().to_owned()).collect();
        let rung = f.get("rung");
        let rung = self.word(rung, "rung", &rungs);
        let failed = f.get("failed").and_then(|node| fields::flag(node, self.problems));
        let cause = f.get("cause").and_then(|node| fields::text(node, self.problems));
        f.finish("key", self.problems);
        Some(Outcome { rung, failed, cause })
    }
}

/// `client` or `supernode`.
pub(super) fn role(node: &Node, problems: &mut Vec<Problem>) -> Option<Role> {
    match &fields::text(node, problems)?[..] {
        "client" => Some(Role::Client),
        "supernode" => Some(Role::Supernode),
        other => {
            problems.push(Problem::unknown(node.span.clone(), "role", other, ["client", "supernode"]));
            None
        }
    }
}

/// How long a step may take unless it says so.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);
