"""Ways to name an address that nothing may be sent to, as they stand in a URL: what every outgoing feature must refuse."""

FORBIDDEN_HOSTS = (
    "127.0.0.1",
    "127.1",  # short, decimal, hexadecimal, octal: all are 127.0.0.1 to the system
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",
    "localhost",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",  # metadata of clouds
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[::ffff:169.254.169.254]",
    "224.0.0.1",
    "255.255.255.255",
)
