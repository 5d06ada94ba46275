//! What attributes and transforms are called: RFC 2409 appendix A for phase 1, RFC 2407 sections 4.4 and 4.5
//! for phase 2, and mode configuration.

use super::ProtocolId;
use crate::code_points;

code_points! {
    /// Attribute classes of phase 1 (RFC 2409 appendix A).
    pub enum Phase1Class: u16 {
        EncryptionAlgorithm = 1 => "Encryption Algorithm",
        HashAlgorithm = 2 => "Hash Algorithm",
        AuthenticationMethod = 3 => "Authentication Method",
        GroupDescription = 4 => "Group Description",
        GroupType = 5 => "Group Type",
        GroupPrime = 6 => "Group Prime/Irreducible Polynomial",
        GroupGeneratorOne = 7 => "Group Generator One",
        GroupGeneratorTwo = 8 => "Group Generator Two",
        GroupCurveA = 9 => "Group Curve A",
        GroupCurveB = 10 => "Group Curve B",
        LifeType = 11 => "Life Type",
        LifeDuration = 12 => "Life Duration",
        Prf = 13 => "PRF",
        KeyLength = 14 => "Key Length",
        FieldSize = 15 => "Field Size",
        GroupOrder = 16 => "Group Order",
    }
}

code_points! {
    /// Attribute classes of phase 2 (RFC 2407 section 4.5, RFC 3168 section 9.2.1, RFC 4304).
    pub enum Phase2Class: u16 {
        SaLifeType = 1 => "SA Life Type",
        SaLifeDuration = 2 => "SA Life Duration",
        GroupDescription = 3 => "Group Description",
        EncapsulationMode = 4 => "Encapsulation Mode",
        AuthenticationAlgorithm = 5 => "Authentication Algorithm",
        KeyLength = 6 => "Key Length",
        KeyRounds = 7 => "Key Rounds",
        CompressDictionarySize = 8 => "Compress Dictionary Size",
        CompressPrivateAlgorithm = 9 => "Compress Private Algorithm",
        EcnTunnel = 10 => "ECN Tunnel",
        ExtendedSequenceNumber = 11 => "Extended (64-bit) Sequence Number",
    }
}

code_points! {
    /// Ciphers of phase 1 (RFC 2409 appendix A, RFC 3602, RFC 4312).
    pub enum EncryptionAlgorithm: u16 {
        DesCbc = 1 => "DES-CBC",
        IdeaCbc = 2 => "IDEA-CBC",
        BlowfishCbc = 3 => "Blowfish-CBC",
        Rc5R16B64Cbc = 4 => "RC5-R16-B64-CBC",
        TripleDesCbc = 5 => "3DES-CBC",
        CastCbc = 6 => "CAST-CBC",
        AesCbc = 7 => "AES-CBC",
        CamelliaCbc = 8 => "CAMELLIA-CBC",
    }
}

code_points! {
    /// Hashes of phase 1 (RFC 2409 appendix A, RFC 4868).
    pub enum HashAlgorithm: u16 {
        Md5 = 1 => "MD5",
        Sha1 = 2 => "SHA-1",
        Tiger = 3 => "Tiger",
        Sha2_256 = 4 => "SHA2-256",
        Sha2_384 = 5 => "SHA2-384",
        Sha2_512 = 6 => "SHA2-512",
    }
}

code_points! {
    /// How the peers of phase 1 prove who they are (RFC 2409 appendix A, RFC 4754, draft-beaulieu-ike-xauth).
    pub enum AuthenticationMethod: u16 {
        PreSharedKey = 1 => "pre-shared key",
        DssSignatures = 2 => "DSS signatures",
        RsaSignatures = 3 => "RSA signatures",
        RsaEncryption = 4 => "encryption with RSA",
        RevisedRsaEncryption = 5 => "revised encryption with RSA",
        EcdsaP256 = 9 => "ECDSA with SHA-256 on the P-256 curve",
        EcdsaP384 = 10 => "ECDSA with SHA-384 on the P-384 curve",
        EcdsaP521 = 11 => "ECDSA with SHA-512 on the P-521 curve",
        HybridInitRsa = 64221 => "HybridInitRSA",
        HybridRespRsa = 64222 => "HybridRespRSA",
        XauthInitPreShared = 65001 => "XAUTHInitPreShared",
        XauthRespPreShared = 65002 => "XAUTHRespPreShared",
        XauthInitRsa = 65005 => "XAUTHInitRSA",
        XauthRespRsa = 65006 => "XAUTHRespRSA",
    }
}

code_points! {
    /// Diffie-Hellman groups (RFC 2409 section 6, RFC 3526, RFC 5114, RFC 5903).
    pub enum Group: u16 {
        Modp768 = 1 => "MODP768",
        Modp1024 = 2 => "MODP1024",
        Ec2n155 = 3 => "EC2N155",
        Ec2n185 = 4 => "EC2N185",
        Modp1536 = 5 => "MODP1536",
        Modp2048 = 14 => "MODP2048",
        Modp3072 = 15 => "MODP3072",
        Modp4096 = 16 => "MODP4096",
        Modp6144 = 17 => "MODP6144",
        Modp8192 = 18 => "MODP8192",
        Ecp256 = 19 => "ECP256",
        Ecp384 = 20 => "ECP384",
        Ecp521 = 21 => "ECP521",
        Modp1024S160 = 22 => "MODP1024 with 160-bit subgroup",
        Modp2048S224 = 23 => "MODP2048 with 224-bit subgroup",
        Modp2048S256 = 24 => "MODP2048 with 256-bit subgroup",
        Ecp192 = 25 => "ECP192",
        Ecp224 = 26 => "ECP224",
    }
}

code_points! {
    /// Kinds of Diffie-Hellman group (RFC 2409 appendix A).
    pub enum GroupType: u16 {
        Modp = 1 => "MODP",
        Ecp = 2 => "ECP",
        Ec2n = 3 => "EC2N",
    }
}

code_points! {
    /// Units of a lifetime (RFC 2409 appendix A, RFC 2407 section 4.5).
    pub enum LifeType: u16 {
        Seconds = 1 => "seconds",
        Kilobytes = 2 => "kilobytes",
    }
}

code_points! {
    /// Encapsulation modes (RFC 2407 section 4.5, RFC 3947 section 5.1, draft-ietf-ipsec-nat-t-ike-03 section
    /// 5.1).
    pub enum EncapsulationMode: u16 {
        Tunnel = 1 => "Tunnel",
        Transport = 2 => "Transport",
        UdpEncapsulatedTunnel = 3 => "UDP-Encapsulated-Tunnel",
        UdpEncapsulatedTransport = 4 => "UDP-Encapsulated-Transport",
        UdpEncapsulatedTunnelDraft = 61443 => "UDP-Encapsulated-Tunnel (draft)",
        UdpEncapsulatedTransportDraft = 61444 => "UDP-Encapsulated-Transport (draft)",
    }
}

code_points! {
    /// Integrity algorithms of phase 2 (RFC 2407 section 4.5, RFC 4868).
    pub enum AuthenticationAlgorithm: u16 {
        HmacMd5 = 1 => "HMAC-MD5",
        HmacSha = 2 => "HMAC-SHA",
        DesMac = 3 => "DES-MAC",
        Kpdk = 4 => "KPDK",
        HmacSha2_256 = 5 => "HMAC-SHA2-256",
        HmacSha2_384 = 6 => "HMAC-SHA2-384",
        HmacSha2_512 = 7 => "HMAC-SHA2-512",
        HmacRipemd = 8 => "HMAC-RIPEMD",
        AesXcbcMac = 9 => "AES-XCBC-MAC",
    }
}

code_points! {
    /// Transforms of ISAKMP (RFC 2407 section 4.4.2).
    pub enum IsakmpTransform: u8 {
        KeyIke = 1 => "KEY_IKE",
    }
}

code_points! {
    /// Transforms of ESP (RFC 2407 section 4.4.4 and its registry).
    pub enum EspTransform: u8 {
        DesIv64 = 1 => "ESP_DES_IV64",
        Des = 2 => "ESP_DES",
        TripleDes = 3 => "ESP_3DES",
        Rc5 = 4 => "ESP_RC5",
        Idea = 5 => "ESP_IDEA",
        Cast = 6 => "ESP_CAST",
        Blowfish = 7 => "ESP_BLOWFISH",
        ThreeIdea = 8 => "ESP_3IDEA",
        DesIv32 = 9 => "ESP_DES_IV32",
        Rc4 = 10 => "ESP_RC4",
        Null = 11 => "ESP_NULL",
        AesCbc = 12 => "ESP_AES-CBC",
        AesCtr = 13 => "ESP_AES-CTR",
        AesCcm8 = 14 => "ESP_AES-CCM_8",
        AesCcm12 = 15 => "ESP_AES-CCM_12",
        AesCcm16 = 16 => "ESP_AES-CCM_16",
        AesGcm8 = 18 => "ESP_AES-GCM_8",
        AesGcm12 = 19 => "ESP_AES-GCM_12",
        AesGcm16 = 20 => "ESP_AES-GCM_16",
        SeedCbc = 21 => "ESP_SEED_CBC",
        Camellia = 22 => "ESP_CAMELLIA",
        NullAuthAesGmac = 23 => "ESP_NULL_AUTH_AES-GMAC",
    }
}

code_points! {
    /// Transforms of AH (RFC 2407 section 4.4.3 and its registry).
    pub enum AhTransform: u8 {
        Md5 = 2 => "AH_MD5",
        Sha = 3 => "AH_SHA",
        Des = 4 => "AH_DES",
        Sha2_256 = 5 => "AH_SHA2-256",
        Sha2_384 = 6 => "AH_SHA2-384",
        Sha2_512 = 7 => "AH_SHA2-512",
    }
}

code_points! {
    /// Transforms of IPCOMP (RFC 2407 section 4.4.5).
    pub enum IpcompTransform: u8 {
        Oui = 1 => "IPCOMP_OUI",
        Deflate = 2 => "IPCOMP_DEFLATE",
        Lzs = 3 => "IPCOMP_LZS",
    }
}

code_points! {
    /// Attribute classes of mode configuration (draft-dukes-ike-mode-cfg section 3.3,
    /// draft-beaulieu-ike-xauth).
    pub enum ConfigClass: u16 {
        InternalIp4Address = 1 => "INTERNAL_IP4_ADDRESS",
        InternalIp4Netmask = 2 => "INTERNAL_IP4_NETMASK",
        InternalIp4Dns = 3 => "INTERNAL_IP4_DNS",
        InternalIp4Nbns = 4 => "INTERNAL_IP4_NBNS",
        InternalAddressExpiry = 5 => "INTERNAL_ADDRESS_EXPIRY",
        InternalIp4Dhcp = 6 => "INTERNAL_IP4_DHCP",
        ApplicationVersion = 7 => "APPLICATION_VERSION",
        InternalIp6Address = 8 => "INTERNAL_IP6_ADDRESS",
        InternalIp6Netmask = 9 => "INTERNAL_IP6_NETMASK",
        InternalIp6Dns = 10 => "INTERNAL_IP6_DNS",
        InternalIp6Nbns = 11 => "INTERNAL_IP6_NBNS",
        InternalIp6Dhcp = 12 => "INTERNAL_IP6_DHCP",
        InternalIp4Subnet = 13 => "INTERNAL_IP4_SUBNET",
        SupportedAttributes = 14 => "SUPPORTED_ATTRIBUTES",
        InternalIp6Subnet = 15 => "INTERNAL_IP6_SUBNET",
        XauthType = 16520 => "XAUTH-TYPE",
        XauthUserName = 16521 => "XAUTH-USER-NAME",
        XauthUserPassword = 16522 => "XAUTH-USER-PASSWORD",
        XauthPasscode = 16523 => "XAUTH-PASSCODE",
        XauthMessage = 16524 => "XAUTH-MESSAGE",
        XauthChallenge = 16525 => "XAUTH-CHALLENGE",
        XauthDomain = 16526 => "XAUTH-DOMAIN",
        XauthStatus = 16527 => "XAUTH-STATUS",
        XauthNextPin = 16528 => "XAUTH-NEXT-PIN",
        XauthAnswer = 16529 => "XAUTH-ANSWER",
    }
}

/// Whose names the classes and values of an attribute list have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeRegistry {
    /// RFC 2409 appendix A.
    Phase1,
    /// RFC 2407 section 4.5.
    Phase2,
    /// Mode configuration and extended authentication.
    Config,
    /// Nobody's: the protocol is unknown.
    Unnamed,
}

/// How the values of a class are named.
pub(super) type ValueNames = fn(u16) -> Option<&'static str>;

impl AttributeRegistry {
    /// The registry that the proposals of a protocol use.
    #[must_use]
    pub const fn of(protocol: ProtocolId) -> Self {
        match protocol {
            ProtocolId::Isakmp => Self::Phase1,
            ProtocolId::Ah | ProtocolId::Esp | ProtocolId::Ipcomp => Self::Phase2,
            ProtocolId::Unknown(_) => Self::Unnamed,
        }
    }

    /// The name of an attribute class.
    #[must_use]
    pub const fn class_name(self, class: u16) -> Option<&'static str> {
        match self {
            Self::Phase1 => Phase1Class::from_number(class).name(),
            Self::Phase2 => Phase2Class::from_number(class).name(),
            Self::Config => ConfigClass::from_number(class).name(),
            Self::Unnamed => None,
        }
    }

    /// The name of a value of an attribute class.
    #[must_use]
    pub fn value_name(self, class: u16, value: u64) -> Option<&'static str> {
        let names = self.value_names(class)?;
        names(u16::try_from(value).ok()?)
    }

    /// How the values of an attribute class are named, if they are code points.
    pub(super) fn value_names(self, class: u16) -> Option<ValueNames> {
        match self {
            Self::Phase1 => phase_1_value_names(Phase1Class::from_number(class)),
            Self::Phase2 => phase_2_value_names(Phase2Class::from_number(class)),
            Self::Config | Self::Unnamed => None,
        }
    }
}

fn phase_1_value_names(class: Phase1Class) -> Option<ValueNames> {
    match class {
        Phase1Class::EncryptionAlgorithm => Some(|value| EncryptionAlgorithm::from_number(value).name()),
        Phase1Class::HashAlgorithm => Some(|value| HashAlgorithm::from_number(value).name()),
        Phase1Class::AuthenticationMethod => Some(|value| AuthenticationMethod::from_number(value).name()),
        Phase1Class::GroupDescription => Some(|value| Group::from_number(value).name()),
        Phase1Class::GroupType => Some(|value| GroupType::from_number(value).name()),
        Phase1Class::LifeType => Some(|value| LifeType::from_number(value).name()),
        Phase1Class::GroupPrime
        | Phase1Class::GroupGeneratorOne
        | Phase1Class::GroupGeneratorTwo
        | Phase1Class::GroupCurveA
        | Phase1Class::GroupCurveB
        | Phase1Class::LifeDuration
        | Phase1Class::Prf
        | Phase1Class::KeyLength
        | Phase1Class::FieldSize
        | Phase1Class::GroupOrder
        | Phase1Class::Unknown(_) => None,
    }
}

fn phase_2_value_names(class: Phase2Class) -> Option<ValueNames> {
    match class {
        Phase2Class::SaLifeType => Some(|value| LifeType::from_number(value).name()),
        Phase2Class::GroupDescription => Some(|value| Group::from_number(value).name()),
        Phase2Class::EncapsulationMode => Some(|value| EncapsulationMode::from_number(value).name()),
        Phase2Class::AuthenticationAlgorithm => {
            Some(|value| AuthenticationAlgorithm::from_number(value).name())
        }
        Phase2Class::SaLifeDuration
        | Phase2Class::KeyLength
        | Phase2Class::KeyRounds
        | Phase2Class::CompressDictionarySize
        | Phase2Class::CompressPrivateAlgorithm
        | Phase2Class::EcnTunnel
        | Phase2Class::ExtendedSequenceNumber
        | Phase2Class::Unknown(_) => None,
    }
}

/// The name of a protocol's transform (RFC 2407 section 4.4).
#[must_use]
pub const fn transform_name(protocol: ProtocolId, id: u8) -> Option<&'static str> {
    match protocol {
        ProtocolId::Isakmp => IsakmpTransform::from_number(id).name(),
        ProtocolId::Ah => AhTransform::from_number(id).name(),
        ProtocolId::Esp => EspTransform::from_number(id).name(),
        ProtocolId::Ipcomp => IpcompTransform::from_number(id).name(),
        ProtocolId::Unknown(_) => None,
    }
}
