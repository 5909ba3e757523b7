//! Texts behind the help of commands.

/// What follows the list of commands in the help.
pub const AFTER: &str = "\
Exit status:
  0  done
  1  the answer is no: layouts differ, something is wrong, or you declined
  2  the command line is wrong
  3  there is no such region, field or file
  4  what has the name cannot be used: no region, another user's, another layout, a damaged file,
     a directory
  5  in use: a semaphore is held, a process is attached, or writers were too quick
  6  a system call failed

With --json every command writes one JSON object per answer; `shma schema` describes them all.
NO_COLOR turns colours off; there are none but on a terminal.";

/// How paths are written, behind the help of the commands that take some.
pub const PATHS: &str = "\
A PATH is a field, and what of it:
  weights                  all of it
  'weights[0:3, ::16]'     slices, as in Python; ... means whole dimensions
  setpoint.target          a member of a struct
  'actors[0:3].episodes'   that member of each
The longest field name that a path begins with is the field.";

/// How values are written, behind the help of `set`.
pub const VALUES: &str = "\
A VALUE is JSON, as `shma get --json` prints it; one scalar goes to all places of an array:
  shma set robot step 5
  shma set robot gain nan                   also inf, -inf
  shma set robot 'weights[0, :]' 0
  shma set robot setpoint.target '[1, 2, 3]'
  shma set robot setpoint '{\"target\": [1, 2, 3], \"gain\": 40}'
  shma set robot weights --npy weights.npy
A path is written as for `shma get`.";

/// What columns `top` may have, behind its help.
pub const COLUMNS: &str = "\
A PATH is written as for `shma get`. A region that has such a field shows its value, or
the mean if the path selects several numbers; others show -.
  shma top step                    how far each trainer is
  shma top 'actors[0:3].episodes'  the mean of three
On a terminal: arrow keys select a region, enter watches it, q leaves.";

/// How a shell is told, behind the help of `completions`.
pub const COMPLETIONS: &str = "\
For this shell only:     source <(shma completions bash)
For all that follow:     echo 'source <(shma completions bash)' >> ~/.bashrc
zsh: the same in ~/.zshrc; fish: shma completions fish > ~/.config/fish/completions/shma.fish
The shell then asks `shma` itself, which knows the regions that there are.";
