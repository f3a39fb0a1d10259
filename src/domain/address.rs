//! Which network addresses belong to the public: pure arithmetic on the registries of special addresses (RFC 6890 and what
//! followed it).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Blocks of IPv4 that are not the public's: first address and length of the prefix.
const V4_CLOSED: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),        // this network
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // behind a carrier's translation; a cloud's metadata (100.100.100.200)
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // a cloud's metadata, outside every private block
    ([169, 254, 0, 0], 16),   // link-local; most clouds' metadata (169.254.169.254)
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments; a cloud's metadata (192.0.0.192)
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 88, 99, 0], 24),   // relays of 6to4
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // measurements
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, and the broadcast
];

/// Blocks of 2000::/3, outside of which nothing of IPv6 is the public's, that are not either.
const V6_CLOSED: [([u16; 3], u32); 4] = [
    ([0x2001, 0x0000, 0], 23), // protocol assignments, tunnels that carry an IPv4 address
    ([0x2001, 0x0db8, 0], 32), // documentation
    ([0x2002, 0x0000, 0], 16), // 6to4, which carries an IPv4 address
    ([0x3fff, 0x0000, 0], 20), // documentation
];

/// Whether an address is one of the public Internet: not private, loopback, link-local, multicast, unspecified,
/// documentation or a cloud's metadata, nor a form of IPv6 that such an address hides in.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => !V4_CLOSED.iter().any(|(first, length)| {
            let shift = 32 - length;
            v4.to_bits() >> shift == Ipv4Addr::from(*first).to_bits() >> shift
        }),
        IpAddr::V6(v6) => {
            let within =
                |first: Ipv6Addr, length: u32| v6.to_bits() >> (128 - length) == first.to_bits() >> (128 - length);
            let closed =
                |([a, b, c], length): &([u16; 3], u32)| within(Ipv6Addr::new(*a, *b, *c, 0, 0, 0, 0, 0), *length);
            within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3) && !V6_CLOSED.iter().any(closed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_are_public() {
        for text in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "2a00::1"]
        {
            assert!(is_public(text.parse().expect("an address")), "{text}");
        }
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "3fff::1",
            "100::1",
        ] {
            assert!(!is_public(text.parse().expect("an address")), "{text}");
        }
    }
}
