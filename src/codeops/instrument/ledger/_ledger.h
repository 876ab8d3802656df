/* What the parts of the ledger in C share: accounts, and the owner of this thread and context. */
#ifndef CODEOPS_LEDGER_H
#define CODEOPS_LEDGER_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

typedef struct Account {
    PyObject_HEAD
    long long self_ns;     /* CPU while open */
    long long late_ns;     /* CPU in its context after its end */
    long long children_ns; /* CPU of child processes started on its behalf */
    struct Account *heir;  /* gets what arrives after the end; NULL while open */
    struct Account *drop;  /* gets what an account holds that is dropped without an end */
    struct Account *before, *after; /* the ring of open accounts */
    int slot;              /* where in a thread's pending list it was last */
    int era;               /* of the books it was made for: an account of other books owns nothing */
    PyObject *lines;       /* what else is counted, kept for the caller; NULL reads None */
} Account;

extern PyTypeObject codeops_AccountType;

/* The context variable that names the owner; NULL until the ledger was started. */
extern PyObject *codeops_owner_var;

/* Makes `owner` (None: nobody) the owner of this context and thread; -1 with an exception. */
int codeops_enter(PyObject *owner);

/* Pays what is pending for the account in this thread; its own CPU in nanoseconds. */
long long codeops_finish(Account *account);

/* Moves what the account holds to its heir, for good. */
void codeops_end(Account *account, Account *heir);

/* Lets the account go to the bucket of unended spans should it be dropped. */
void codeops_set_drop(Account *account);

/* Whether the account was made for the books that are kept now. */
int codeops_is_of_now(const Account *account);

/* How many accounts with lines were dropped without an end since somebody read what they counted. */
Py_ssize_t codeops_n_lost(void);

/* Tells the exception that is set, which stays set only if it is the program's to see. */
void codeops_complain(void);

/* The name of the attribute of a span that is its owner; set by `codeops_add_spans`. */
extern PyObject *codeops_s_owner;

/* Add what spans, the contexts between them, and what calls for them need to the module; -1 with an exception. */
int codeops_add_spans(PyObject *module);
int codeops_add_contexts(PyObject *module);
int codeops_add_wrappers(PyObject *module);

#endif
