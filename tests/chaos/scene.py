"""One run's scene, and what each fault does on it: struck under load, then waited out until all is ready again."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from .echoes import Echoes
from .faults import CONSUMER, POISONS, RELAY, End, Fault, Kill, Late, Outage
from .fleet import Fleet
from .ground import Ground
from .lanes import Traffic
from .points import Point
from .poison import Poisoner
from .setting import Clerk
from .visitor import Visitor

NUDGE_SECONDS = 2.0
"""How long a process may live on after it was armed before it is given something to do."""

DEATH_SECONDS = 60.0
IN_THE_MIDDLE = 0.2
"""Seconds of load before a process is ended anywhere."""

STEPS = 5
"""Acts of each lane under each fault."""


@dataclass(slots=True)
class Scene:
    """Everything that faults are struck on; `broken` are faults that did not go as they must."""

    ground: Ground
    fleet: Fleet
    traffic: Traffic
    echoes: Echoes
    poisoner: Poisoner
    clerk: Clerk
    browser: httpx2.Client
    """Somebody's at the console."""
    broken: list[str]

    def play(self, fault: Fault) -> str:
        """Load, the fault in it, and the way back to readiness. Returns what happened, in words."""
        strike = self.prepare(fault)
        self.traffic.release(STEPS)
        happened = strike()
        seconds = self.fleet.await_ready()
        self.traffic.settle()
        return f"{happened}; ready again after {seconds:.1f} s"

    def skip(self, fault: Fault) -> None:
        """The acts of that fault without the fault: for a run that is not disturbed."""
        self.traffic.release(STEPS)
        if isinstance(fault, Kill):
            self.give_work(fault)
        self.traffic.settle()

    def prepare(self, fault: Fault) -> Callable[[], str]:
        """Arm what is to die before the load comes."""
        if isinstance(fault, Kill):
            self.fleet.arm(fault.process, fault.charge)
            return lambda: self.await_death(fault)
        if isinstance(fault, Outage):
            return lambda: self.take_away(fault)
        if isinstance(fault, End):
            return lambda: self.end(fault)
        if isinstance(fault, Late):
            asyncio.run(self.echoes.keep_from(fault.service))
            return lambda: self.tell_late(fault)
        trick: Callable[[], str] = getattr(self.poisoner if fault.name in POISONS else self.echoes, fault.name)
        return trick

    def give_work(self, fault: Kill) -> None:
        """What makes the process pass a point that the lanes' acts may not lead it to."""
        if fault.charge.point is Point.LOOP_SAVED:
            self.clerk.start_import()
        elif fault.process == "entitlements-1" and fault.charge.point in (Point.HTTP_SAVED, Point.HTTP_COMMITTED):
            self.clerk.raise_term()

    def await_death(self, fault: Kill) -> str:
        """Wait until the process has killed itself, and start it again."""
        began = time.monotonic()
        # The act is answered only once the process is there again: it is done beside.
        work = self.traffic.beside(lambda: self.give_work(fault))
        while not self.fleet.await_death(fault.process, NUDGE_SECONDS):
            if time.monotonic() - began > DEATH_SECONDS:
                self.fleet.fuse(fault.process).disarm()
                self.broken.append(f"{fault}: it did not come by there")
                return "it lives on"
            if fault.process != "identity" and fault.charge.point in (*CONSUMER, *RELAY):
                self.poisoner.nudge()
        lived = time.monotonic() - began
        if not self.fleet.died_at_its_point(fault.process):
            self.broken.append(f"{fault}: it died elsewhere; see its log")
        time.sleep(fault.seconds)
        self.fleet.start(fault.process)
        work.result()
        return f"died after {lived:.1f} s"

    def end(self, fault: End) -> str:
        """End a process in the middle of the load."""
        time.sleep(IN_THE_MIDDLE)
        began = time.monotonic()
        if fault.by_force:
            self.fleet.kill(fault.process)
        elif not self.fleet.tell_to_stop(fault.process):
            self.broken.append(f"{fault}: it did not stop in time, or not by itself")
        took = time.monotonic() - began
        time.sleep(fault.seconds)
        self.fleet.start(fault.process)
        return f"ended in {took:.1f} s"

    def tell_late(self, fault: Late) -> str:
        """Once the load is over, tell a service all that was kept from it meanwhile."""
        self.traffic.settle()
        late = asyncio.run(self.echoes.tell_late(fault.service))
        if not late:
            self.broken.append(f"{fault}: there were none")
        return f"{late} messages came late, the last first"

    def take_away(self, fault: Outage) -> str:
        """Stop a server, and start it again."""
        visitor = Visitor.come(self.browser) if fault.server == "Redis" else None
        self.ground.stop(fault.server, by_force=fault.by_force)
        if visitor is not None:
            self.live_without_redis(visitor)
        time.sleep(fault.seconds)
        return f"started again in {self.ground.start():.1f} s"

    def live_without_redis(self, visitor: Visitor) -> None:
        """Everything but sessions goes on: the processes are ready, and what is asked of them is answered."""
        self.fleet.await_ready(without="console")
        self.traffic.settle()
        self.broken += visitor.find_amiss()
