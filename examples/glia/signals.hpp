#pragma once

namespace glia::program {

/// From now on SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 and SIGXCPU ask the command to save and
/// stop, but those that are ignored, which stay ignored.
///
/// Batch systems, `timeout` and the end of a session send several signals, of one kind or of more,
/// so a further one changes nothing. Only who presses Ctrl-C a second time wants the end at once:
/// the program then dies of SIGINT without saving.
void catch_signals();

/// 0, or the signal that asked to stop first.
int caught_signal();

/// In a child of fork: signals that catch_signals took end the process again.
void release_signals();

}  // namespace glia::program
