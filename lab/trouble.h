#ifndef THAW_LAB_TROUBLE_H
#define THAW_LAB_TROUBLE_H

// trouble.h - what the lab itself could not do
//
// A client that gets no socket says nothing about the server. So what the
// system denies the lab is noted here, and an experiment with a note has no
// verdict. All of the lab may use this.

enum { TROUBLE_EXIT = 3 }; // exit status: the lab could not do it

// Notes the first trouble. Later ones are its consequences.
__attribute__((format(printf, 1, 2))) void trouble_note(const char *format,
                                                        ...);

// For a system call that failed: "poll: Invalid argument". If it is a limit, it
// says which.
void trouble_note_errno(const char *call);

// Prints at once that a file that the user named cannot be written, and the
// reason in errno. Returns TROUBLE_EXIT.
int trouble_with_file(const char *path);

// What was noted since the start, or since trouble_clear. NULL: nothing.
const char *trouble(void);
void trouble_clear(void);

#endif
