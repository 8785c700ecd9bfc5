"""Events and alerts on their way to other systems: SIEMs, log stores, collectors."""
