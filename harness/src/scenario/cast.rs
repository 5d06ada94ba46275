//! The profiles of a case, with what it changes of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use l2tpspec_protocol::ppp;
use l2tpspec_protocol::stack::{Config, Role as StackRole};
use serde_json::Value;

use super::model::{Case, Changes};
use super::parse::Known;
use super::topology::{self, Topology};
use crate::check::known::KnownFile;
use crate::check::lenient;
use crate::error::ExpectedError;
use crate::profile::{Profile, Role, SecretText, Service};

/// The port of L2TP of devices without a fixed one.
const EPHEMERAL: u16 = 50_431;

/// Every profile of a directory of scenarios.
#[derive(Debug, Default)]
pub struct Profiles {
    by_name: BTreeMap<String, (PathBuf, Value, Profile)>,
    deviations: Vec<KnownFile>,
    topologies: Vec<Topology>,
}

impl Profiles {
    /// Reads them.
    ///
    /// # Errors
    /// A profile that cannot be read.
    pub fn load(scenarios: &Path) -> Result<Self, ExpectedError> {
        let mut by_name = BTreeMap::new();
        for profile in Profile::load_all(scenarios)? {
            let folder = if profile.role == Role::Client { "clients" } else { "supernodes" };
            let path = scenarios.join(folder).join(format!("{}.json", profile.name));
            let value = lenient::read(&path)?;
            by_name.insert(profile.name.clone(), (path, value, profile));
        }
        let mut deviations = Vec::new();
        for path in crate::profile::json_files(&scenarios.join("deviations"))? {
            let file = KnownFile::load(&path)?;
            if !by_name.contains_key(file.daemon()) {
                let problem = format!("there is no profile `{}` to deviate", file.daemon());
                return Err(ExpectedError::Json { path, line: 1, column: 1, problem });
            }
            deviations.push(file);
        }
        Ok(Self { by_name, deviations, topologies: topology::load_all(scenarios)? })
    }

    /// Reads those that lie beside a scenario `NAME.json`: `NAME.client.json` and `NAME.supernode.json`.
    ///
    /// # Errors
    /// A profile that cannot be read.
    pub fn add_beside(&mut self, scenario: &Path) -> Result<(), ExpectedError> {
        for end in ["client.json", "supernode.json"] {
            let path = scenario.with_extension(end);
            if path.is_file() {
                let (profile, value) = (Profile::load(&path)?, lenient::read(&path)?);
                self.by_name.insert(profile.name.clone(), (path, value, profile));
            }
        }
        Ok(())
    }

    /// What the devices and servers of a case are documented to do against a requirement. A client or a supernode that is
    /// elsewhere is described by a profile of its own.
    #[must_use]
    pub fn deviations(&self, case: &Case, elsewhere: [Option<&str>; 2]) -> Vec<&KnownFile> {
        let client = elsewhere[0].unwrap_or(&case.client);
        let supernode = elsewhere[1].unwrap_or(&case.supernode);
        let plays = |file: &&KnownFile| file.daemon() == client || file.daemon() == supernode;
        self.deviations.iter().filter(plays).collect()
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Profile> {
        self.by_name.values().map(|(_, _, profile)| profile)
    }

    /// Their names, for scenarios.
    #[must_use]
    pub fn known(&self) -> Known {
        let named = |role| {
            let all = self.all().filter(|profile| profile.role == role);
            all.map(|profile| profile.name.clone()).collect()
        };
        Known {
            clients: named(Role::Client),
            supernodes: named(Role::Supernode),
            topologies: self.topologies.clone(),
        }
    }

    /// A profile with facts changed.
    fn changed(&self, name: &str, changes: &[(String, Value)]) -> Result<Profile, String> {
        let (path, value, profile) = self.by_name.get(name).ok_or_else(|| format!("no profile `{name}`"))?;
        if changes.is_empty() {
            return Ok(profile.clone());
        }
        let mut value = value.clone();
        for (dotted, to) in changes {
            let fact = dotted.split('.').try_fold(&mut value, |value, key| value.get_mut(key));
            let fact = fact.and_then(|fact| fact.get_mut("value"));
            *fact.ok_or_else(|| format!("profile `{name}` has no fact `{dotted}`"))? = to.clone();
        }
        Profile::parse(path, &value.to_string()).map_err(|error| {
            let what: Vec<&str> = changes.iter().map(|(dotted, _)| &dotted[..]).collect();
            format!("profile `{name}` with {} changed: {error}", what.join(", "))
        })
    }
}

/// Who plays in a case.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The client as the case wants it.
    pub client: Config,
    /// A client of the same profile that connects: with the facts that the case changes, unless it is about not getting on with
    /// those.
    pub prober: Config,
    /// The supernode.
    pub supernode: Config,
    /// The client's profile.
    pub client_profile: Profile,
    /// The supernode's.
    pub supernode_profile: Profile,
    /// What the supernode serves.
    pub service: Service,
}

impl Cast {
    /// The cast of a case.
    ///
    /// # Errors
    /// A change to a fact that a profile does not have, or a supernode that serves nothing.
    pub fn of(case: &Case, profiles: &Profiles) -> Result<Self, String> {
        let Changes { client, supernode, user, password, pre_shared_key, .. } = &case.changes;
        let fails = case.outcome.as_ref().is_some_and(|outcome| outcome.failed == Some(true));
        let plain = profiles.changed(&case.client, if fails { &[] } else { &client[..] })?;
        let client_profile = profiles.changed(&case.client, client)?;
        let supernode_profile = profiles.changed(&case.supernode, supernode)?;
        let service = supernode_profile.service.clone();
        let service = service.ok_or_else(|| format!("profile `{}` serves nothing", case.supernode))?;
        let mut believed = service.clone();
        if let Some(user) = user {
            believed.user.value.clone_from(user);
        }
        if let Some(password) = password {
            believed.password.value = SecretText(password.clone());
        }
        if let Some(key) = pre_shared_key {
            believed.pre_shared_key.value = SecretText(key.clone());
        }
        let mut client = client_profile.stack(&believed, EPHEMERAL);
        client.role = StackRole::Client { restart: case.changes.restart };
        if let Some(server) = &case.changes.remote_name {
            let mut ppp: ppp::Config = (*client.ppp).clone();
            for secret in &mut ppp.authentication.secrets {
                secret.server = Some(server.clone().into_bytes());
            }
            client.ppp = Arc::new(ppp);
        }
        let mut supernode = supernode_profile.stack(&service, EPHEMERAL);
        let mut prober = plain.stack(&service, EPHEMERAL);
        let [client_secret, supernode_secret] = &case.changes.tunnel_secret;
        let octets = |secret: &Option<String>| secret.clone().map(String::into_bytes);
        if let Some(secret) = octets(client_secret) {
            client.l2tp = client_profile.l2tp(Some(secret));
        }
        if let Some(secret) = octets(supernode_secret) {
            supernode.l2tp = supernode_profile.l2tp(Some(secret.clone()));
            prober.l2tp = plain.l2tp(Some(secret));
        }
        Ok(Self { client, prober, supernode, client_profile, supernode_profile, service })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Cast;
    use crate::scenario::suite::Suite;

    #[test]
    fn a_prober_offers_what_the_case_has_its_client_offer_unless_that_is_to_be_refused() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
        let suite = Suite::load(&root).expect("the scenarios");
        let is_as_changed = |id: &str| {
            let case = suite.cases.iter().find(|case| case.id == id).expect("there is one");
            let cast = Cast::of(case, &suite.profiles).expect("a cast");
            format!("{:?}", cast.prober.isakmp) == format!("{:?}", cast.client.isakmp)
        };
        assert!(is_as_changed("ike/delete/child") && is_as_changed("ike/offer/group"));
        assert!(!is_as_changed("guides/no-common-proposal"));
    }
}
