"""Which packages a RabbitMQ node needs, by what apt says of its dependencies."""

from usher_cli.servers import apt

SAID = """\
rabbitmq-server
  Depends: adduser
 |Depends: erlang-base
  Depends: <erlang-base-hipe>
  Depends: erlang-ssl
  Depends: logrotate
  Depends: <python3:any>
    python3
adduser
  Depends: passwd
erlang-base
  Depends: procps
  Depends: libc6
  Depends: libsystemd0
    libelogind0
  PreDepends: libtinfo6
erlang-ssl
  Depends: erlang-base
  Depends: erlang-crypto
erlang-crypto
  Depends: libssl3t64
procps
  Depends: libproc2-0
libsystemd0
  Depends: libcap2
logrotate
  Depends: libpopt0
<python3:any>
"""


def test_a_node_needs_erlang_and_the_libraries_below_it_and_no_tools() -> None:
    assert apt.reachable(SAID) == {
        *("rabbitmq-server", "erlang-base", "erlang-ssl", "erlang-crypto"),
        *("libc6", "libsystemd0", "libtinfo6", "libssl3t64", "libcap2"),
    }


def test_nothing_is_needed_where_apt_does_not_know_rabbitmq() -> None:
    assert apt.reachable("") == set()
