"""A run without the work: the real scheduler on a virtual clock, which a simulated schedule is compared with."""

from interplay.stages.execute import Ended


class OnAClock:
    """An executor whose stages take stated hours on a clock that jumps to the next end; it shows them to nobody."""

    beside = True

    def __init__(self, room, hours):
        self.room, self.hours, self.now = room, hours, 0.0
        self.running, self.began = {}, {}

    def start(self, stage):
        devices = self.room.take(stage)
        held = [name for _, taken in self.running.values() for name in taken]
        assert not set(held) & set(devices)
        self.began[stage.address] = self.now
        self.running[stage.address] = stage, devices

    def wait(self, seconds):
        ends = {address: self.began[address] + self.hours[address] for address in self.running}
        self.now = min(ends.values())
        ended = [self.running.pop(address)[0] for address, end in ends.items() if end == self.now]
        for stage in ended:
            self.room.leave(stage)
        return [Ended(stage) for stage in ended]

    def stop(self):
        pass

    def started(self, stage):
        pass

    def ended(self, ended, wall_s):
        pass
