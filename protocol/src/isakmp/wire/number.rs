//! The numbers of ISAKMP messages and payloads: RFC 2408 section 3, RFC 2407 section 4.6, and what was added
//! later.

use crate::code_points;

code_points! {
    /// What a payload is (RFC 2408 section 3.1). The same content may travel under the number of an RFC or of
    /// a draft.
    pub enum PayloadType: u8 {
        None = 0 => "NONE",
        SecurityAssociation = 1 => "Security Association",
        Proposal = 2 => "Proposal",
        Transform = 3 => "Transform",
        KeyExchange = 4 => "Key Exchange",
        Identification = 5 => "Identification",
        Certificate = 6 => "Certificate",
        CertificateRequest = 7 => "Certificate Request",
        Hash = 8 => "Hash",
        Signature = 9 => "Signature",
        Nonce = 10 => "Nonce",
        Notification = 11 => "Notification",
        Delete = 12 => "Delete",
        VendorId = 13 => "Vendor ID",
        Attributes = 14 => "Attributes",
        NatDDraft04 = 15 => "NAT-D (drafts 04 to 08)",
        NatOaDraft04 = 16 => "NAT-OA (drafts 04 to 08)",
        NatD = 20 => "NAT-D",
        NatOa = 21 => "NAT-OA",
        NatDDraft00 = 130 => "NAT-D (drafts 00 to 03)",
        NatOaDraft00 = 131 => "NAT-OA (drafts 00 to 03)",
        Fragment = 132 => "Fragment",
    }
}

impl PayloadType {
    /// The RFC's abbreviation (RFC 2408 section 4.1), or "unknown".
    #[must_use]
    pub const fn abbreviation(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::SecurityAssociation => "SA",
            Self::Proposal => "P",
            Self::Transform => "T",
            Self::KeyExchange => "KE",
            Self::Identification => "ID",
            Self::Certificate => "CERT",
            Self::CertificateRequest => "CR",
            Self::Hash => "HASH",
            Self::Signature => "SIG",
            Self::Nonce => "NONCE",
            Self::Notification => "N",
            Self::Delete => "D",
            Self::VendorId => "VID",
            Self::Attributes => "ATTR",
            Self::NatD | Self::NatDDraft04 | Self::NatDDraft00 => "NAT-D",
            Self::NatOa | Self::NatOaDraft04 | Self::NatOaDraft00 => "NAT-OA",
            Self::Fragment => "FRAG",
            Self::Unknown(_) => "unknown",
        }
    }
}

code_points! {
    /// Which exchange a message belongs to (RFC 2408 section 3.1, RFC 2409 section 5). 34 to 37 are those of
    /// IKEv2.
    pub enum ExchangeType: u8 {
        None = 0 => "NONE",
        Base = 1 => "Base",
        IdentityProtection = 2 => "Identity Protection",
        AuthenticationOnly = 3 => "Authentication Only",
        Aggressive = 4 => "Aggressive",
        Informational = 5 => "Informational",
        Transaction = 6 => "Transaction",
        QuickMode = 32 => "Quick Mode",
        NewGroupMode = 33 => "New Group Mode",
        IkeSaInit = 34 => "IKE_SA_INIT",
        IkeAuth = 35 => "IKE_AUTH",
        CreateChildSa = 36 => "CREATE_CHILD_SA",
        InformationalV2 = 37 => "INFORMATIONAL",
    }
}

code_points! {
    /// Under whose rules an SA, a notification or a deletion is read (RFC 2408 section 3.4, RFC 2407 section
    /// 6).
    pub enum Doi: u32 {
        Isakmp = 0 => "ISAKMP",
        Ipsec = 1 => "IPSEC",
    }
}

code_points! {
    /// Which protocol a proposal, notification or deletion is about (RFC 2407 section 4.4.1).
    pub enum ProtocolId: u8 {
        Isakmp = 1 => "PROTO_ISAKMP",
        Ah = 2 => "PROTO_IPSEC_AH",
        Esp = 3 => "PROTO_IPSEC_ESP",
        Ipcomp = 4 => "PROTO_IPCOMP",
    }
}

code_points! {
    /// What an identity is (RFC 2407 section 4.6.2.1).
    pub enum IdType: u8 {
        Ipv4Addr = 1 => "ID_IPV4_ADDR",
        Fqdn = 2 => "ID_FQDN",
        UserFqdn = 3 => "ID_USER_FQDN",
        Ipv4AddrSubnet = 4 => "ID_IPV4_ADDR_SUBNET",
        Ipv6Addr = 5 => "ID_IPV6_ADDR",
        Ipv6AddrSubnet = 6 => "ID_IPV6_ADDR_SUBNET",
        Ipv4AddrRange = 7 => "ID_IPV4_ADDR_RANGE",
        Ipv6AddrRange = 8 => "ID_IPV6_ADDR_RANGE",
        DerAsn1Dn = 9 => "ID_DER_ASN1_DN",
        DerAsn1Gn = 10 => "ID_DER_ASN1_GN",
        KeyId = 11 => "ID_KEY_ID",
    }
}

code_points! {
    /// How a certificate is encoded (RFC 2408 section 3.9).
    pub enum CertificateEncoding: u8 {
        None = 0 => "NONE",
        Pkcs7 = 1 => "PKCS #7 wrapped X.509 certificate",
        Pgp = 2 => "PGP Certificate",
        DnsSignedKey = 3 => "DNS Signed Key",
        X509Signature = 4 => "X.509 Certificate - Signature",
        X509KeyExchange = 5 => "X.509 Certificate - Key Exchange",
        KerberosTokens = 6 => "Kerberos Tokens",
        CertificateRevocationList = 7 => "Certificate Revocation List (CRL)",
        AuthorityRevocationList = 8 => "Authority Revocation List (ARL)",
        Spki = 9 => "SPKI Certificate",
        X509Attribute = 10 => "X.509 Certificate - Attribute",
    }
}

code_points! {
    /// What a mode-configuration payload asks or tells (draft-dukes-ike-mode-cfg section 3.2).
    pub enum ConfigType: u8 {
        Request = 1 => "ISAKMP_CFG_REQUEST",
        Reply = 2 => "ISAKMP_CFG_REPLY",
        Set = 3 => "ISAKMP_CFG_SET",
        Ack = 4 => "ISAKMP_CFG_ACK",
    }
}

code_points! {
    /// What a notification says (RFC 2408 section 3.14.1, RFC 2407 section 4.6.3, RFC 3706 section 5.3).
    pub enum NotifyType: u16 {
        InvalidPayloadType = 1 => "INVALID-PAYLOAD-TYPE",
        DoiNotSupported = 2 => "DOI-NOT-SUPPORTED",
        SituationNotSupported = 3 => "SITUATION-NOT-SUPPORTED",
        InvalidCookie = 4 => "INVALID-COOKIE",
        InvalidMajorVersion = 5 => "INVALID-MAJOR-VERSION",
        InvalidMinorVersion = 6 => "INVALID-MINOR-VERSION",
        InvalidExchangeType = 7 => "INVALID-EXCHANGE-TYPE",
        InvalidFlags = 8 => "INVALID-FLAGS",
        InvalidMessageId = 9 => "INVALID-MESSAGE-ID",
        InvalidProtocolId = 10 => "INVALID-PROTOCOL-ID",
        InvalidSpi = 11 => "INVALID-SPI",
        InvalidTransformId = 12 => "INVALID-TRANSFORM-ID",
        AttributesNotSupported = 13 => "ATTRIBUTES-NOT-SUPPORTED",
        NoProposalChosen = 14 => "NO-PROPOSAL-CHOSEN",
        BadProposalSyntax = 15 => "BAD-PROPOSAL-SYNTAX",
        PayloadMalformed = 16 => "PAYLOAD-MALFORMED",
        InvalidKeyInformation = 17 => "INVALID-KEY-INFORMATION",
        InvalidIdInformation = 18 => "INVALID-ID-INFORMATION",
        InvalidCertEncoding = 19 => "INVALID-CERT-ENCODING",
        InvalidCertificate = 20 => "INVALID-CERTIFICATE",
        CertTypeUnsupported = 21 => "CERT-TYPE-UNSUPPORTED",
        InvalidCertAuthority = 22 => "INVALID-CERT-AUTHORITY",
        InvalidHashInformation = 23 => "INVALID-HASH-INFORMATION",
        AuthenticationFailed = 24 => "AUTHENTICATION-FAILED",
        InvalidSignature = 25 => "INVALID-SIGNATURE",
        AddressNotification = 26 => "ADDRESS-NOTIFICATION",
        NotifySaLifetime = 27 => "NOTIFY-SA-LIFETIME",
        CertificateUnavailable = 28 => "CERTIFICATE-UNAVAILABLE",
        UnsupportedExchangeType = 29 => "UNSUPPORTED-EXCHANGE-TYPE",
        UnequalPayloadLengths = 30 => "UNEQUAL-PAYLOAD-LENGTHS",
        Connected = 16384 => "CONNECTED",
        ResponderLifetime = 24576 => "RESPONDER-LIFETIME",
        ReplayStatus = 24577 => "REPLAY-STATUS",
        InitialContact = 24578 => "INITIAL-CONTACT",
        RUThere = 36136 => "R-U-THERE",
        RUThereAck = 36137 => "R-U-THERE-ACK",
    }
}
