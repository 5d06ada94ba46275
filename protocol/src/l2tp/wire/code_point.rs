//! Numbers that RFC 2661 and RFC 3145 assign.

crate::code_points! {
    /// The number in a Message Type AVP (RFC 2661 section 3.2).
    pub enum MessageType: u16 {
        StartControlConnectionRequest = 1 => "SCCRQ",
        StartControlConnectionReply = 2 => "SCCRP",
        StartControlConnectionConnected = 3 => "SCCCN",
        StopControlConnectionNotification = 4 => "StopCCN",
        Hello = 6 => "HELLO",
        OutgoingCallRequest = 7 => "OCRQ",
        OutgoingCallReply = 8 => "OCRP",
        OutgoingCallConnected = 9 => "OCCN",
        IncomingCallRequest = 10 => "ICRQ",
        IncomingCallReply = 11 => "ICRP",
        IncomingCallConnected = 12 => "ICCN",
        CallDisconnectNotify = 14 => "CDN",
        WanErrorNotify = 15 => "WEN",
        SetLinkInfo = 16 => "SLI",
    }
}

crate::code_points! {
    /// The number of an AVP of Vendor ID 0 (RFC 2661 section 4.4, RFC 3145 section 2).
    pub enum AttributeType: u16 {
        MessageType = 0 => "Message Type",
        ResultCode = 1 => "Result Code",
        ProtocolVersion = 2 => "Protocol Version",
        FramingCapabilities = 3 => "Framing Capabilities",
        BearerCapabilities = 4 => "Bearer Capabilities",
        TieBreaker = 5 => "Tie Breaker",
        FirmwareRevision = 6 => "Firmware Revision",
        HostName = 7 => "Host Name",
        VendorName = 8 => "Vendor Name",
        AssignedTunnelId = 9 => "Assigned Tunnel ID",
        ReceiveWindowSize = 10 => "Receive Window Size",
        Challenge = 11 => "Challenge",
        CauseCode = 12 => "Q.931 Cause Code",
        ChallengeResponse = 13 => "Challenge Response",
        AssignedSessionId = 14 => "Assigned Session ID",
        CallSerialNumber = 15 => "Call Serial Number",
        MinimumBps = 16 => "Minimum BPS",
        MaximumBps = 17 => "Maximum BPS",
        BearerType = 18 => "Bearer Type",
        FramingType = 19 => "Framing Type",
        CalledNumber = 21 => "Called Number",
        CallingNumber = 22 => "Calling Number",
        SubAddress = 23 => "Sub-Address",
        TxConnectSpeed = 24 => "Tx Connect Speed",
        PhysicalChannelId = 25 => "Physical Channel ID",
        InitialReceivedLcpConfreq = 26 => "Initial Received LCP CONFREQ",
        LastSentLcpConfreq = 27 => "Last Sent LCP CONFREQ",
        LastReceivedLcpConfreq = 28 => "Last Received LCP CONFREQ",
        ProxyAuthenType = 29 => "Proxy Authen Type",
        ProxyAuthenName = 30 => "Proxy Authen Name",
        ProxyAuthenChallenge = 31 => "Proxy Authen Challenge",
        ProxyAuthenId = 32 => "Proxy Authen ID",
        ProxyAuthenResponse = 33 => "Proxy Authen Response",
        CallErrors = 34 => "Call Errors",
        Accm = 35 => "ACCM",
        RandomVector = 36 => "Random Vector",
        PrivateGroupId = 37 => "Private Group ID",
        RxConnectSpeed = 38 => "Rx Connect Speed",
        SequencingRequired = 39 => "Sequencing Required",
        DisconnectCause = 46 => "PPP Disconnect Cause Code",
    }
}

crate::code_points! {
    /// The result code of a `StopCCN` (RFC 2661 section 4.4.2).
    pub enum StopControlConnectionNotificationResult: u16 {
        GeneralRequest = 1 => "general request to clear the control connection",
        GeneralError = 2 => "general error, see the error code",
        AlreadyExists = 3 => "control channel already exists",
        NotAuthorised = 4 => "requester not authorised",
        VersionNotSupported = 5 => "protocol version not supported",
        ShuttingDown = 6 => "requester is shutting down",
        StateMachineError = 7 => "finite state machine error",
    }
}

crate::code_points! {
    /// The result code of a CDN (RFC 2661 section 4.4.2).
    pub enum CallDisconnectNotifyResult: u16 {
        LostCarrier = 1 => "loss of carrier",
        GeneralError = 2 => "general error, see the error code",
        Administrative = 3 => "administrative reasons",
        NoFacilitiesForNow = 4 => "no facilities, temporarily",
        NoFacilities = 5 => "no facilities, permanently",
        InvalidDestination = 6 => "invalid destination",
        NoCarrier = 7 => "no carrier detected",
        Busy = 8 => "busy signal detected",
        NoDialTone = 9 => "no dial tone",
        TimeOut = 10 => "not established within the time that the LAC allots",
        NoFraming = 11 => "no appropriate framing detected",
    }
}

crate::code_points! {
    /// The general error code in a Result Code AVP (RFC 2661 section 4.4.2).
    pub enum ErrorCode: u16 {
        None = 0 => "no general error",
        NoControlConnection = 1 => "no control connection exists yet",
        WrongLength = 2 => "length is wrong",
        ValueOutOfRange = 3 => "value out of range or reserved field not zero",
        NoResources = 4 => "insufficient resources",
        InvalidSessionId = 5 => "invalid Session ID",
        VendorSpecific = 6 => "vendor-specific error",
        TryAnother = 7 => "try another LNS",
        UnknownMandatoryAvp = 8 => "unknown AVP with the M bit set",
    }
}

crate::code_points! {
    /// How the LAC authenticated the user (RFC 2661 section 4.4.5).
    pub enum ProxyAuthenType: u16 {
        Text = 1 => "textual username and password",
        Chap = 2 => "PPP CHAP",
        Pap = 3 => "PPP PAP",
        None = 4 => "no authentication",
        MicrosoftChap = 5 => "Microsoft CHAP version 1",
    }
}

crate::code_points! {
    /// Why PPP ended (RFC 3145 section 3).
    pub enum DisconnectCode: u16 {
        NoInformation = 0 => "no information",
        Administrative = 1 => "administrative disconnect",
        RenegotiationDisabled = 2 => "LCP renegotiation disabled",
        Normal = 3 => "normal disconnection",
        EncryptionRefused = 4 => "compulsory encryption refused",
        LcpTimeout = 5 => "LCP failed to converge",
        LcpSilent = 6 => "no recognisable LCP packets",
        LoopedBack = 7 => "LCP magic number error",
        EchoTimeout = 8 => "LCP echo timeout",
        EndpointDiscriminator = 9 => "endpoint discriminator differs in the bundle",
        Mrru = 10 => "MRRU differs in the bundle",
        ShortSequenceNumber = 11 => "short sequence number option differs in the bundle",
        CallbackRefused = 12 => "compulsory call-back refused",
        AuthenticationTimeout = 13 => "authentication timeout",
        AuthenticatedName = 14 => "authenticated name differs in the bundle",
        AuthenticationProtocolRefused = 15 => "authentication protocol refused",
        AuthenticationFailed = 16 => "authentication failed",
        NcpTimeout = 17 => "NCP failed to converge",
        NoNcp = 18 => "no NCP available",
        NcpAddresses = 19 => "NCP addresses failed to converge",
        NoAddressPermitted = 20 => "no address permitted",
    }
}

crate::code_points! {
    /// Which side a disconnect code is about (RFC 3145 section 2).
    pub enum DisconnectDirection: u8 {
        Global = 0 => "global",
        Peer = 1 => "at peer",
        Local = 2 => "at local",
    }
}
