//! From a profile to the configuration of PPP.

use std::net::Ipv4Addr;

use l2tpspec_protocol::ppp::{
    self, Compression, Config, Echo, Ipcp, IpcpRequest, LcpRequest, Secret, Timers, ccp, lcp,
};

use crate::profile::ppp::{CcpOption, IpcpOption, LcpOption, Method, Refusal};
use crate::profile::word::Span;
use crate::profile::{Profile, Role};

impl Profile {
    /// The configuration of PPP, with the name by which a client calls itself and the secrets. Methods and options that
    /// the layer does not know are left out.
    #[must_use]
    pub fn ppp(&self, user: &str, secrets: Vec<Secret>) -> Config {
        let ppp = &self.ppp;
        let restart = ppp.restart.value.0;
        Config {
            lcp: ppp.lcp.value.iter().map(LcpOption::convert).collect(),
            first_identifier: ppp.first_identifier.value,
            timers: Timers { restart, max_configure: ppp.max_configure.value, ..Timers::default() },
            is_passive: ppp.is_passive.value,
            address_and_control: compression(ppp.compresses_address_and_control.value),
            protocol_field: compression(ppp.compresses_protocol.value),
            grants_compression: ppp.grants_compression.value,
            echo: ppp.echo.value.map(|echo| Echo {
                interval: echo.interval.0,
                failures: echo.failures,
                is_at_once: echo.at_once,
            }),
            authentication: self.authentication(user, secrets),
            ipcp: Some(self.ipcp()),
            has_ipv6: ppp.ipv6cp.value,
            ccp: ppp.ccp.value.as_ref().map(|options| options.iter().map(CcpOption::convert).collect()),
            identification: ppp.identification.value.iter().map(|text| text.clone().into_bytes()).collect(),
            terminate_data: ppp.terminate_data.value.0.clone(),
        }
    }

    fn authentication(&self, user: &str, secrets: Vec<Secret>) -> ppp::Authentication {
        let authentication = &self.ppp.authentication;
        let known = |methods: &[Method]| methods.iter().filter_map(|method| method.convert()).collect();
        let name = authentication.name.value.as_deref().unwrap_or(user);
        ppp::Authentication {
            asks: known(&authentication.asks.value),
            does: known(&authentication.does.value),
            name: name.as_bytes().to_vec(),
            remote_name: authentication.remote_name.value.clone().map(String::into_bytes),
            secrets,
            again: None,
            retry: self.ppp.restart.value.0,
            tries: self.ppp.max_configure.value,
            refusal: authentication
                .refusal
                .as_ref()
                .map(|refusal| refusal.value.convert())
                .unwrap_or_default(),
        }
    }

    fn ipcp(&self) -> Ipcp {
        let service = self.service.as_ref().filter(|_| self.role == Role::Supernode);
        let own = service.map_or(Ipv4Addr::UNSPECIFIED, |service| service.address.value);
        let pool = service.map(|service| service.pool.value);
        let resolver = service.filter(|service| service.tells_resolver.value);
        Ipcp {
            requests: self.ppp.ipcp.value.iter().map(|option| option.convert(own)).collect(),
            pool: pool.map(|pool| ppp::Pool { first: pool.first, last: pool.last }),
            accepts_peer_address: self.ppp.accepts_peer_address.value,
            dns: [
                resolver.and_then(|service| service.resolver.value),
                resolver.and_then(|service| service.second_resolver.as_ref()).map(|fact| fact.value),
            ],
            nbns: [None, None],
        }
    }

    /// After what idle time it hangs up, which is for the owner of the layers to do.
    #[must_use]
    pub fn idle(&self) -> Option<std::time::Duration> {
        self.ppp.idle.value.map(|Span(idle)| idle)
    }
}

const fn compression(compresses: bool) -> Compression {
    if compresses { Compression::WhereAllowed } else { Compression::Never }
}

impl Refusal {
    const fn convert(self) -> ppp::RefusalHabit {
        ppp::RefusalHabit { is_retry_allowed: self.retry, version: self.version }
    }
}

impl LcpOption {
    fn convert(&self) -> LcpRequest {
        match self {
            Self::Mru(octets) => LcpRequest::MaximumReceiveUnit(*octets),
            Self::Accm(map) => LcpRequest::AsyncControlCharacterMap(*map),
            Self::Authentication => LcpRequest::Authentication,
            Self::MagicNumber => LcpRequest::MagicNumber,
            Self::Pfc => LcpRequest::ProtocolFieldCompression,
            Self::Acfc => LcpRequest::AddressAndControlFieldCompression,
            Self::Callback(operation) => LcpRequest::Other(lcp::Option::Callback {
                operation: (*operation).into(),
                message: Vec::new(),
            }),
        }
    }
}

impl IpcpOption {
    const fn convert(self, own: Ipv4Addr) -> IpcpRequest {
        match self {
            Self::Address => IpcpRequest::Address(own),
            Self::VanJacobson(max_slot_id) => IpcpRequest::VanJacobson { max_slot_id, comp_slot_id: 1 },
            Self::PrimaryDns => IpcpRequest::PrimaryDns,
            Self::SecondaryDns => IpcpRequest::SecondaryDns,
            Self::PrimaryNbns => IpcpRequest::PrimaryNbns,
            Self::SecondaryNbns => IpcpRequest::SecondaryNbns,
        }
    }
}

impl CcpOption {
    fn convert(&self) -> ccp::Option {
        /// The window of Deflate is written less 8, before the method of zlib, which is 8.
        const fn deflate(bits: u8) -> ccp::Deflate {
            ccp::Deflate { window_and_method: (bits.saturating_sub(8) << 4) | 8, check: 0 }
        }
        match self {
            Self::Mppe(bits) => ccp::Option::Mppe(ccp::SupportedBits(*bits)),
            Self::Deflate(bits) => ccp::Option::Deflate(deflate(*bits)),
            Self::DraftDeflate(bits) => ccp::Option::DraftDeflate(deflate(*bits)),
            Self::Bsd(bits) => ccp::Option::BsdCompress { version: 1, dictionary_bits: *bits },
        }
    }
}

impl Method {
    /// The method, if the layer knows it: MS-CHAP version 1 it does not.
    const fn convert(self) -> Option<ppp::Method> {
        match self {
            Self::Pap => Some(ppp::Method::Pap),
            Self::ChapMd5 => Some(ppp::Method::ChapMd5),
            Self::MsChapV1 => None,
            Self::MsChapV2 => Some(ppp::Method::MsChapV2),
            Self::EapMd5 => Some(ppp::Method::EapMd5),
            Self::EapMsChapV2 => Some(ppp::Method::EapMsChapV2),
        }
    }
}
