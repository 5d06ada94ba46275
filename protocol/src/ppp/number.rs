//! The numbers of the protocols inside PPP frames (RFC 1661 section 2, IANA "PPP DLL Protocol Numbers").

use crate::code_points;

code_points! {
    /// The protocol of a PPP frame. A number with an even low or an odd high octet is always `Unknown`
    /// (LCP-1661-2-a).
    pub enum Protocol: u16 {
        Padding = 0x0001 => "Padding",
        Ipv4 = 0x0021 => "IPv4",
        Osi = 0x0023 => "OSI",
        Xns = 0x0025 => "XNS",
        DecnetPhase4 = 0x0027 => "DECnet Phase IV",
        AppleTalk = 0x0029 => "AppleTalk",
        Ipx = 0x002b => "IPX",
        VanJacobsonCompressed = 0x002d => "Van Jacobson Compressed TCP/IP",
        VanJacobsonUncompressed = 0x002f => "Van Jacobson Uncompressed TCP/IP",
        Bridging = 0x0031 => "Bridging PDU",
        Vines = 0x0035 => "Banyan VINES",
        Multilink = 0x003d => "Multilink",
        NetbiosFraming = 0x003f => "NetBIOS Framing",
        Sna = 0x004d => "SNA",
        Encryption = 0x0053 => "Encryption",
        IndividualLinkEncryption = 0x0055 => "Individual Link Encryption",
        Ipv6 = 0x0057 => "IPv6",
        VendorSpecificNetwork = 0x005b => "Vendor-Specific Network Protocol",
        RtpFullHeader = 0x0061 => "RTP IPHC Full Header",
        RtpCompressedTcp = 0x0063 => "RTP IPHC Compressed TCP",
        RtpCompressedNonTcp = 0x0065 => "RTP IPHC Compressed non TCP",
        RtpCompressedUdp8 = 0x0067 => "RTP IPHC Compressed UDP 8",
        RtpCompressedRtp8 = 0x0069 => "RTP IPHC Compressed RTP 8",
        IndividualLinkCompressed = 0x00fb => "Compressed (individual link)",
        Compressed = 0x00fd => "Compressed",
        SpanningTree = 0x0201 => "802.1d Hello",
        CiscoDiscovery = 0x0207 => "Cisco Discovery Protocol",
        AppleClientServer = 0x0235 => "Apple Client Server Protocol",
        MplsUnicast = 0x0281 => "MPLS Unicast",
        MplsMulticast = 0x0283 => "MPLS Multicast",
        RtpCompressedTcpNoDelta = 0x2063 => "RTP IPHC Compressed TCP No Delta",
        RtpContextState = 0x2065 => "RTP IPHC Context State",
        RtpCompressedUdp16 = 0x2067 => "RTP IPHC Compressed UDP 16",
        RtpCompressedRtp16 = 0x2069 => "RTP IPHC Compressed RTP 16",
        Ipcp = 0x8021 => "IPCP",
        Osinlcp = 0x8023 => "OSINLCP",
        Xnscp = 0x8025 => "XNSCP",
        Dncp = 0x8027 => "DNCP",
        Atcp = 0x8029 => "ATCP",
        Ipxcp = 0x802b => "IPXCP",
        Bcp = 0x8031 => "BCP",
        Bvcp = 0x8035 => "BVCP",
        Nbfcp = 0x803f => "NBFCP",
        Snacp = 0x804d => "SNACP",
        Ecp = 0x8053 => "ECP",
        IndividualLinkEcp = 0x8055 => "ECP (individual link)",
        Ipv6cp = 0x8057 => "IPV6CP",
        Vsncp = 0x805b => "VSNCP",
        IndividualLinkCcp = 0x80fb => "CCP (individual link)",
        Ccp = 0x80fd => "CCP",
        Cdpcp = 0x8207 => "CDPCP",
        Acscp = 0x8235 => "ACSCP",
        Mplscp = 0x8281 => "MPLSCP",
        Lcp = 0xc021 => "LCP",
        Pap = 0xc023 => "PAP",
        LinkQualityReport = 0xc025 => "LQR",
        ShivaPap = 0xc027 => "SPAP",
        Cbcp = 0xc029 => "CBCP",
        Bacp = 0xc02b => "BACP",
        Bap = 0xc02d => "BAP",
        VendorSpecificAuthentication = 0xc05b => "VSAP",
        Chap = 0xc223 => "CHAP",
        RsaAuthentication = 0xc225 => "RSA Authentication",
        Eap = 0xc227 => "EAP",
    }
}

impl Protocol {
    /// Whether the number has an odd low octet and an even high one, as every assigned one has (LCP-1661-2-a).
    #[must_use]
    pub const fn is_well_formed(self) -> bool {
        self.number() & 0x0101 == 0x0001
    }

    /// Whether it is a named network control protocol that negotiates with the packets of RFC 1661.
    #[must_use]
    pub fn is_network_control(self) -> bool {
        self.name().is_some() && (0x8000..=0xbfff).contains(&self.number())
    }
}
