/* The ledger in C: every CPU second of a thread goes to one account and only one.
 *
 * The same rules, names and tests as pure.py, which explains them; this file says only what is special about C.
 * Everything runs under the GIL, except `leave`, which the system calls when a thread ends.
 */
#include "_ledger.h"

#include <structmember.h>

#ifdef Py_GIL_DISABLED
#error "the ledger's counters are not atomic: free-threaded builds are refused"
#endif

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define SLOTS 64 /* owners with short intervals that are not settled yet, for each thread */
#define KNOWN 1024 /* threads in `known_ns` before it is looked through for the first time */

/* ---------------------------------------------------------------- accounts */

static Account ring = {.before = &ring, .after = &ring};

PyTypeObject codeops_AccountType;
#define AccountType codeops_AccountType
static PyObject *lost = NULL; /* list: the lines of accounts that were dropped without an end */

static void unlink_account(Account *account) {
    if (account->after != NULL) {
        account->before->after = account->after;
        account->after->before = account->before;
        account->before = account->after = NULL;
    }
}

static int era = 0; /* goes on when the books are closed, and with a fork */

int codeops_is_of_now(const Account *account) { return account->era == era; }

Py_ssize_t codeops_n_lost(void) { return lost != NULL ? PyList_GET_SIZE(lost) : 0; }

static void credit(Account *account, long long ns) {
    if (account->heir == NULL) {
        account->self_ns += ns;
        return;
    }
    while (account->heir != NULL) {
        account->late_ns += ns;
        account = account->heir;
    }
    account->late_ns += ns;
}

static PyObject *account_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    (void)args, (void)kwargs; /* what a subclass is called with is for its __init__ */
    Account *made = (Account *)type->tp_alloc(type, 0);
    if (made != NULL) {
        made->era = era;
        made->before = ring.before;
        made->after = &ring;
        ring.before->after = made;
        ring.before = made;
    }
    return (PyObject *)made;
}

static int account_traverse(Account *account, visitproc visit, void *arg) {
    Py_VISIT(account->heir);
    Py_VISIT(account->drop);
    Py_VISIT(account->lines);
    return 0;
}

/* What an account holds that is dropped without an end. */
static void pay_drop(Account *account) {
    if (account->heir != NULL || account->drop == NULL) {
        return;
    }
    credit(account->drop, account->self_ns + account->late_ns);
    account->drop->children_ns += account->children_ns;
    account->self_ns = account->late_ns = account->children_ns = 0;
    if (account->era == era && account->lines != NULL && account->lines != Py_None && lost != NULL) {
        PyObject *type, *value, *trace;
        PyErr_Fetch(&type, &value, &trace);
        if (PyList_Append(lost, account->lines) < 0) {
            PyErr_Clear();
        }
        PyErr_Restore(type, value, trace);
        Py_CLEAR(account->lines);
    }
}

/* Of garbage in a cycle; before anything of it is cleared, which might be the lines. */
static void account_finalize(Account *account) { pay_drop(account); }

/* Of garbage in a cycle. Heirs form no cycle (see `demand_heir`), and are needed until the account is deallocated. */
static int account_clear(Account *account) {
    Py_CLEAR(account->lines);
    return 0;
}

static void account_dealloc(Account *account) {
    PyObject_GC_UnTrack(account);
    pay_drop(account);
    unlink_account(account);
    Py_CLEAR(account->lines);
    Py_CLEAR(account->heir);
    Py_CLEAR(account->drop);
    Py_TYPE(account)->tp_free((PyObject *)account);
}

/* What the account holds is added to another one, and to those that one has ended in. */
static void add_to_chain(Account *account, Account *to) {
    for (; to != NULL; to = to->heir) {
        to->self_ns += account->self_ns;
        to->late_ns += account->late_ns;
        to->children_ns += account->children_ns;
    }
}

void codeops_end(Account *account, Account *heir) {
    if (account->heir != NULL) {
        return;
    }
    add_to_chain(account, heir);
    account->heir = (Account *)Py_NewRef((PyObject *)heir);
    unlink_account(account);
}

/* Another account, and none that has ended in this one: a cycle of heirs would be paid for ever. */
static int demand_heir(Account *account, PyObject *heir) {
    if (!PyObject_TypeCheck(heir, &AccountType)) {
        PyErr_SetString(PyExc_TypeError, "the heir of an account is an account");
        return -1;
    }
    for (Account *next = (Account *)heir; next != NULL; next = next->heir) {
        if (next == account) {
            PyErr_SetString(PyExc_ValueError, "an account cannot be its own heir");
            return -1;
        }
    }
    return 0;
}

static PyObject *account_end(Account *account, PyObject *heir) {
    if (account->heir == NULL) {
        if (demand_heir(account, heir) < 0) {
            return NULL;
        }
        codeops_end(account, (Account *)heir);
    }
    Py_RETURN_NONE;
}

static PyObject *account_move(Account *account, PyObject *heir) {
    if (account->heir == NULL) { /* else its heir has everything */
        if (demand_heir(account, heir) < 0) {
            return NULL;
        }
        add_to_chain(account, (Account *)heir);
        account->self_ns = account->late_ns = account->children_ns = 0;
    }
    Py_RETURN_NONE;
}

static PyObject *account_charge_child(Account *account, PyObject *amount) {
    long long ns = PyLong_AsLongLong(amount);
    if (ns == -1 && PyErr_Occurred()) {
        return NULL;
    }
    account->children_ns += ns;
    while (account->heir != NULL) {
        account = account->heir;
        account->children_ns += ns;
    }
    Py_RETURN_NONE;
}

static PyObject *account_is_ended(Account *account, void *closure) {
    (void)closure;
    return PyBool_FromLong(account->heir != NULL);
}

static PyMemberDef account_members[] = {
    {"self_ns", T_LONGLONG, offsetof(Account, self_ns), READONLY, "CPU while open, in nanoseconds."},
    {"late_ns", T_LONGLONG, offsetof(Account, late_ns), READONLY, "CPU after the end, in nanoseconds."},
    {"children_ns", T_LONGLONG, offsetof(Account, children_ns), READONLY, "CPU of child processes, in nanoseconds."},
    {"lines", T_OBJECT, offsetof(Account, lines), 0, "What else is counted, kept for the caller."},
    {NULL},
};

static PyGetSetDef account_getset[] = {
    {"is_ended", (getter)account_is_ended, NULL, "Whether `end` was called.", NULL},
    {NULL},
};

static PyMethodDef account_methods[] = {
    {"end", (PyCFunction)account_end, METH_O, "Ends the account: `heir` gets what it holds and what arrives later."},
    {"move", (PyCFunction)account_move, METH_O, "Moves what the account holds into another one, and goes on from zero."},
    {"charge_child", (PyCFunction)account_charge_child, METH_O, "Adds the CPU of a child process, in nanoseconds."},
    {NULL},
};

PyTypeObject codeops_AccountType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "codeops.instrument.ledger._native.Account",
    .tp_doc = "What one owner consumes of the CPU.",
    .tp_basicsize = sizeof(Account),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = account_new,
    .tp_dealloc = (destructor)account_dealloc,
    .tp_traverse = (traverseproc)account_traverse,
    .tp_clear = (inquiry)account_clear,
    .tp_finalize = (destructor)account_finalize,
    .tp_members = account_members,
    .tp_getset = account_getset,
    .tp_methods = account_methods,
};

/* ----------------------------------------------------------------- threads */

typedef struct Thread {
    struct Thread *next;
    long tid;
    long long cpu_ns;  /* the thread clock up to which everything was paid out */
    long long tick_ns; /* the cheap clock at the last switch */
    long long ahead_ns; /* paid at face value before the thread clock was read */
    long long pending_ns;
    int n_pending;
    Account *owner;   /* strong, never NULL */
    Account *idle;    /* borrowed: the bucket that owns the thread when nobody does */
    Account *before_gc; /* strong while a collection runs */
    struct {
        Account *account; /* strong */
        long long ns;
    } pending[SLOTS];
    long long final_ns;
    atomic_int is_over;
    int n_forks; /* of the process in which it was enrolled */
} Thread;

static __thread Thread *here = NULL;
static Thread *threads = NULL;
static pthread_key_t leaving;
static atomic_int n_over = 0;
static int n_forks = 0; /* how many forks lie between the first process and this one */

static int is_running = 0, is_exact = 0;
static long long short_ns = 20000, pending_max_ns = 200000;
static Account *on_thread = NULL, *on_loop = NULL, *on_gc = NULL, *on_unended = NULL;
static Py_ssize_t known_max = KNOWN;
static PyObject *known_ns = NULL; /* dict: thread id to the clock up to which others accounted for the thread */
PyObject *codeops_owner_var = NULL;
#define owner_var codeops_owner_var

static inline long long read_clock(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        return -1;
    }
    return (long long)now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* The cheap clock: the time stamp counter where it is invariant (CPUID 80000007H, EDX bit 8: Intel SDM volume 3,
 * section 19.17; AMD APM volume 3, appendix E.4.8; read 2026-11-25), else the monotonic clock. */
#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>

static double ns_for_tick = 0; /* 0: the counter is not used */

static long long read_ticks(void) { return ns_for_tick > 0 ? (long long)((double)__rdtsc() * ns_for_tick) : read_clock(CLOCK_MONOTONIC); }

/* Both clocks at one moment: the closest of some readings, since a preemption may fall between two of them. */
static void read_both(unsigned long long *ticks, long long *ns) {
    unsigned long long least = ~0ULL;
    for (int i = 0; i < 20; i++) {
        unsigned long long before = __rdtsc();
        long long now = read_clock(CLOCK_MONOTONIC);
        unsigned long long gap = __rdtsc() - before;
        if (gap < least) {
            least = gap;
            *ticks = before + gap / 2;
            *ns = now;
        }
    }
}

/* Against the measured length of the loop, not the intended one: it may be preempted. */
static void calibrate(void) {
    unsigned int eax, ebx, ecx, edx;
    if (ns_for_tick > 0 || !__get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) || !(edx & (1u << 8))) {
        return;
    }
    unsigned long long from_ticks = 0, to_ticks = 0;
    long long from_ns = 0, to_ns = 0;
    read_both(&from_ticks, &from_ns);
    do {
        read_both(&to_ticks, &to_ns);
    } while (to_ns - from_ns < 2000000);
    ns_for_tick = (double)(to_ns - from_ns) / (double)(to_ticks - from_ticks);
}
#else
static long long read_ticks(void) { return read_clock(CLOCK_MONOTONIC); }
static void calibrate(void) {}
#endif

#define TICKS() read_ticks()
#define THREAD_CPU() read_clock(CLOCK_THREAD_CPUTIME_ID)

/* The system calls this in the child, before anything of Python runs there: whoever hears of a fork earlier than we do
 * may start threads of its own, which are enrolled before `forked` is called. */
static void count_fork(void) { n_forks++; }

/* The system calls this when a thread ends, without the GIL: it only notes the last reading. */
static void leave(void *value) {
    Thread *thread = value;
    here = NULL; /* `bury` frees it; whatever still runs in this thread enrols it once more */
    thread->final_ns = THREAD_CPU();
    atomic_store(&thread->is_over, 1);
    atomic_fetch_add(&n_over, 1);
}

static long native_id(void) {
#ifdef __linux__
    return syscall(SYS_gettid);
#else
    return (long)PyThread_get_thread_native_id();
#endif
}

/* The clock of a thread by its number: an error once it has ended, where pthread_getcpuclockid would crash. */
static long long clock_by_number(long tid) {
#ifdef __linux__
    return read_clock((clockid_t)((~(unsigned int)tid << 3) | 6));
#else
    (void)tid;
    return -1;
#endif
}

/* Forgets up to which clock threads were accounted for that are gone. */
static void prune_known(void) {
    PyObject *tids = PyDict_Keys(known_ns);
    for (Py_ssize_t i = 0; tids != NULL && i < PyList_GET_SIZE(tids); i++) {
        PyObject *tid = PyList_GET_ITEM(tids, i);
        if (clock_by_number(PyLong_AsLong(tid)) < 0) {
            PyDict_DelItem(known_ns, tid);
        }
    }
    Py_XDECREF(tids);
    PyErr_Clear();
    known_max = 2 * PyDict_GET_SIZE(known_ns) > KNOWN ? 2 * PyDict_GET_SIZE(known_ns) : KNOWN;
}

/* Others are told up to which clock a thread was accounted for; it may be seen for a moment after its end, or come back. */
static void note_known(long tid, long long ns) {
    if (known_ns == NULL) {
        return;
    }
    if (PyDict_GET_SIZE(known_ns) >= known_max) {
        prune_known();
    }
    PyObject *key = PyLong_FromLong(tid), *value = PyLong_FromLongLong(ns);
    if (key == NULL || value == NULL || PyDict_SetItem(known_ns, key, value) < 0) {
        PyErr_Clear();
    }
    Py_XDECREF(key);
    Py_XDECREF(value);
}

static long long find_known(long tid) {
    PyObject *key = PyLong_FromLong(tid), *known = key != NULL && known_ns != NULL ? PyDict_GetItemWithError(known_ns, key) : NULL;
    long long ns = known != NULL ? PyLong_AsLongLong(known) : 0;
    Py_XDECREF(key);
    PyErr_Clear();
    return ns;
}

/* Pays out everything since the last time: pending intervals first, the rest to `rest_to`, or in proportion if NULL. */
static void settle(Thread *thread, Account *rest_to, long long cpu_ns) {
    long long due = cpu_ns - thread->cpu_ns;
    if (due < 0) {
        due = 0;
    } else {
        thread->cpu_ns = cpu_ns;
    }
    if (due < thread->ahead_ns) {
        thread->ahead_ns -= due;
        due = 0;
    } else {
        due -= thread->ahead_ns;
        thread->ahead_ns = 0;
    }
    long long total = thread->pending_ns, left = due;
    int n = thread->n_pending;
    if (total == 0 && rest_to == NULL) {
        rest_to = thread->owner;
    }
    int is_shared = total > 0 && (rest_to == NULL || total > due);
    thread->n_pending = 0;
    thread->pending_ns = 0;
    for (int i = 0; i < n; i++) {
        long long part = thread->pending[i].ns;
        if (is_shared) {
            part = i == n - 1 ? left : (long long)((double)due * (double)part / (double)total);
            part = part > left ? left : part;
        }
        left -= part;
        credit(thread->pending[i].account, part);
    }
    if (left > 0) {
        credit(rest_to, left);
    }
    /* Last, because a destructor may run Python code, which may switch. */
    Account *released[SLOTS];
    for (int i = 0; i < n; i++) {
        released[i] = thread->pending[i].account;
    }
    for (int i = 0; i < n; i++) {
        Py_DECREF(released[i]);
    }
}

static void drop_thread(Thread *thread) {
    note_known(thread->tid, thread->final_ns);
    settle(thread, thread->owner, thread->final_ns);
    Py_CLEAR(thread->before_gc);
    Py_CLEAR(thread->owner);
    free(thread);
}

/* Threads that ended since the last time are paid out and forgotten. */
static void bury(void) {
    Thread *over = NULL;
    for (Thread **link = &threads; *link != NULL;) {
        Thread *thread = *link;
        if (atomic_load(&thread->is_over)) {
            *link = thread->next;
            thread->next = over;
            over = thread;
            atomic_fetch_sub(&n_over, 1);
        } else {
            link = &thread->next;
        }
    }
    while (over != NULL) {
        Thread *thread = over;
        over = thread->next;
        drop_thread(thread);
    }
}

static long long clock_of(Thread *thread) { return thread == here ? THREAD_CPU() : clock_by_number(thread->tid); }

/* Gives a reference away without releasing anything yet: a destructor may run anything, and change the list of threads. */
static void hand_over(PyObject *held, Account *account) {
    if (account != NULL) {
        if (PyList_Append(held, (PyObject *)account) < 0) {
            PyErr_Clear(); /* no memory: it is never released */
        } else {
            Py_DECREF(account);
        }
    }
}

/* Owned by nobody, with everything up to now behind it; what the thread referred to is `held`. */
static void begin_anew(Thread *thread, PyObject *held) {
    long long now = clock_of(thread);
    hand_over(held, thread->owner);
    hand_over(held, thread->before_gc);
    for (int i = 0; i < thread->n_pending; i++) {
        hand_over(held, thread->pending[i].account);
    }
    thread->owner = (Account *)Py_NewRef((PyObject *)on_thread);
    thread->idle = on_thread;
    thread->before_gc = NULL;
    thread->cpu_ns = now > 0 ? now : thread->cpu_ns;
    thread->tick_ns = TICKS();
    thread->ahead_ns = thread->pending_ns = 0;
    thread->n_pending = 0;
}

static Thread *enrol(void) {
    if (atomic_load(&n_over) > SLOTS) {
        bury();
    }
    Thread *thread = calloc(1, sizeof(Thread));
    if (thread == NULL) {
        return NULL;
    }
    thread->tid = native_id();
    thread->n_forks = n_forks;
    long long now = THREAD_CPU();
    thread->cpu_ns = find_known(thread->tid);
    for (Thread *other = threads; other != NULL; other = other->next) {
        if (other->tid == thread->tid && atomic_load(&other->is_over) && other->final_ns > thread->cpu_ns) {
            thread->cpu_ns = other->final_ns; /* it was about to end, and did something more */
        }
    }
    note_known(thread->tid, now);
    if (thread->cpu_ns > now || thread->cpu_ns < 0) {
        thread->cpu_ns = 0; /* the system gave the number of an ended thread to this one */
    }
    thread->idle = on_thread;
    thread->owner = (Account *)Py_NewRef((PyObject *)on_thread);
    thread->next = threads;
    threads = here = thread;
    pthread_setspecific(leaving, thread);
    settle(thread, NULL, now);
    thread->tick_ns = TICKS();
    return thread;
}

static inline Thread *this_thread(void) { return here != NULL ? here : enrol(); }

static void add_pending(Thread *thread, long long ns) {
    Account *owner = thread->owner;
    int slot = owner->slot;
    if (slot >= thread->n_pending || thread->pending[slot].account != owner) {
        slot = thread->n_pending++;
        owner->slot = slot;
        thread->pending[slot].account = (Account *)Py_NewRef((PyObject *)owner);
        thread->pending[slot].ns = 0;
    }
    thread->pending[slot].ns += ns;
    thread->pending_ns += ns;
}

/* The interval since the last switch goes to the owner that is leaving. */
static inline void close_interval(Thread *thread) {
    if (is_exact) {
        settle(thread, NULL, THREAD_CPU());
        return;
    }
    long long now = TICKS(), passed = now - thread->tick_ns;
    thread->tick_ns = now;
    if (passed > short_ns) {
        settle(thread, thread->owner, THREAD_CPU());
        return;
    }
    if (passed > 0) {
        add_pending(thread, passed);
    }
    if (thread->pending_ns + thread->ahead_ns > pending_max_ns || thread->n_pending >= SLOTS) {
        settle(thread, NULL, THREAD_CPU());
    }
}

static inline void switch_owner(Thread *thread, Account *to) {
    if (to == thread->owner) {
        return;
    }
    Py_INCREF(to); /* first: closing an interval may run destructors, and with them anything */
    close_interval(thread);
    Account *from = thread->owner;
    thread->owner = to;
    if (to == on_thread && thread->idle == on_thread && thread->pending_ns > 0) {
        settle(thread, NULL, THREAD_CPU()); /* the end of a work item: nothing may come for a long time */
    }
    Py_DECREF(from);
}

/* The account that an object stands for in this thread: itself, or the thread's bucket; borrowed. */
static inline Account *meant(Thread *thread, PyObject *owner) {
    return PyObject_TypeCheck(owner, &AccountType) && ((Account *)owner)->era == era ? (Account *)owner : thread->idle;
}

/* The owner that the current context names, or the thread's bucket when it names none; a new reference. */
static Account *wanted(Thread *thread) {
    PyObject *owner = NULL;
    if (PyContextVar_Get(owner_var, Py_None, &owner) < 0) {
        PyErr_Clear();
        return (Account *)Py_NewRef((PyObject *)thread->idle);
    }
    Account *found = (Account *)Py_NewRef((PyObject *)meant(thread, owner));
    Py_DECREF(owner);
    return found;
}

static inline void follow_context(Thread *thread) {
    Account *owner = wanted(thread);
    switch_owner(thread, owner);
    Py_DECREF(owner);
}

/* ------------------------------------------------------- steps of coroutines */

typedef struct {
    PyObject_HEAD
    PyObject *coroutine;
    PyObject *weakrefs;
} Step;

static PyTypeObject StepType;

static PyObject *step_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *coroutine;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "O:Step", &coroutine)) {
        return NULL;
    }
    Step *made = (Step *)type->tp_alloc(type, 0);
    if (made != NULL) {
        made->coroutine = Py_NewRef(coroutine);
    }
    return (PyObject *)made;
}

static int step_traverse(Step *step, visitproc visit, void *arg) {
    Py_VISIT(step->coroutine);
    return 0;
}

static int step_clear(Step *step) {
    Py_CLEAR(step->coroutine);
    return 0;
}

static void step_dealloc(Step *step) {
    PyObject_GC_UnTrack(step);
    if (step->weakrefs != NULL) {
        PyObject_ClearWeakRefs((PyObject *)step);
    }
    step_clear(step);
    Py_TYPE(step)->tp_free((PyObject *)step);
}

/* Enters the owner of the context; returns the thread and, in `outer`, a strong reference to the owner before. */
static inline Thread *step_in(Account **outer) {
    if (!is_running) {
        return NULL;
    }
    Thread *thread = this_thread();
    if (thread != NULL) {
        *outer = (Account *)Py_NewRef((PyObject *)thread->owner);
        follow_context(thread);
    }
    return thread;
}

static inline void step_out(Thread *thread, Account *outer) {
    if (thread != NULL) {
        if (thread == here && is_running) { /* else it was stopped within the step */
            switch_owner(thread, meant(thread, (PyObject *)outer));
        }
        Py_DECREF(outer);
    }
}

static PySendResult step_send_c(PyObject *self, PyObject *value, PyObject **result) {
    Account *outer = NULL;
    Thread *thread = step_in(&outer);
    PySendResult outcome = PyIter_Send(((Step *)self)->coroutine, value, result);
    step_out(thread, outer);
    return outcome;
}

static PyObject *step_result(PySendResult outcome, PyObject *result) {
    if (outcome == PYGEN_RETURN) {
        if (result == Py_None) {
            PyErr_SetNone(PyExc_StopIteration);
        } else {
            PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, result); /* a tuple must stay one argument */
            if (stop != NULL) {
                PyErr_SetObject(PyExc_StopIteration, stop);
                Py_DECREF(stop);
            }
        }
        Py_CLEAR(result);
    }
    return result;
}

static PyObject *step_send(PyObject *self, PyObject *value) {
    PyObject *result = NULL;
    PySendResult outcome = step_send_c(self, value, &result);
    return step_result(outcome, result);
}

static PyObject *step_next(PyObject *self) { return step_send(self, Py_None); }

static PyObject *step_call(Step *self, const char *name, PyObject *args) {
    PyObject *method = PyObject_GetAttrString(self->coroutine, name);
    if (method == NULL) {
        return NULL;
    }
    Account *outer = NULL;
    Thread *thread = step_in(&outer);
    PyObject *result = PyObject_Call(method, args, NULL);
    step_out(thread, outer);
    Py_DECREF(method);
    return result;
}

static PyObject *step_throw(PyObject *self, PyObject *args) { return step_call((Step *)self, "throw", args); }

static PyObject *step_close(PyObject *self, PyObject *unused) {
    (void)unused;
    PyObject *none = PyTuple_New(0);
    PyObject *result = none != NULL ? step_call((Step *)self, "close", none) : NULL;
    Py_XDECREF(none);
    return result;
}

static PyObject *step_self(PyObject *self) { return Py_NewRef(self); }

static PyObject *step_getattro(PyObject *self, PyObject *name) {
    PyObject *found = PyObject_GenericGetAttr(self, name);
    if (found == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        found = PyObject_GetAttr(((Step *)self)->coroutine, name);
    }
    return found;
}

static PyObject *step_repr(PyObject *self) { return PyObject_Repr(((Step *)self)->coroutine); }

static PyObject *step_name(PyObject *self, void *which) { return PyObject_GetAttrString(((Step *)self)->coroutine, which); }

static PyGetSetDef step_getset[] = {
    {"__name__", step_name, NULL, "The coroutine's.", "__name__"},
    {"__qualname__", step_name, NULL, "The coroutine's.", "__qualname__"},
    {NULL},
};

static PyMemberDef step_members[] = {
    {"__wrapped__", T_OBJECT, offsetof(Step, coroutine), READONLY, "The coroutine itself."},
    {NULL},
};

static PyMethodDef step_methods[] = {
    {"send", step_send, METH_O, "The coroutine's `send`, for the owner of the context."},
    {"throw", step_throw, METH_VARARGS, "The coroutine's `throw`, for the owner of the context."},
    {"close", step_close, METH_NOARGS, "The coroutine's `close`, for the owner of the context."},
    {NULL},
};

static PyAsyncMethods step_async = {.am_await = step_self, .am_send = step_send_c};

static PyTypeObject StepType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "codeops.instrument.ledger._native.Step",
    .tp_doc = "A coroutine whose steps are charged to the owner of the context they run in.",
    .tp_basicsize = sizeof(Step),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = step_new,
    .tp_dealloc = (destructor)step_dealloc,
    .tp_traverse = (traverseproc)step_traverse,
    .tp_clear = (inquiry)step_clear,
    .tp_weaklistoffset = offsetof(Step, weakrefs),
    .tp_iter = step_self,
    .tp_iternext = step_next,
    .tp_as_async = &step_async,
    .tp_getattro = step_getattro,
    .tp_repr = step_repr,
    .tp_getset = step_getset,
    .tp_members = step_members,
    .tp_methods = step_methods,
};

/* ------------------------------------------------------- contexts, from 3.14 */

#if PY_VERSION_HEX >= 0x030E0000
#define HAS_WATCHER 1
static int watcher = -1;

static int on_context(PyContextEvent event, PyObject *context) {
    (void)context;
    if (event == Py_CONTEXT_SWITCHED && is_running) {
        PyObject *raised = PyErr_GetRaisedException();
        Thread *thread = this_thread();
        if (thread != NULL) {
            follow_context(thread);
        }
        PyErr_SetRaisedException(raised);
    }
    return 0;
}
#else
#define HAS_WATCHER 0
#endif

static PyObject *watch_contexts(PyObject *module, PyObject *wish) {
    (void)module;
#if HAS_WATCHER
    int is_wanted = PyObject_IsTrue(wish);
    if (is_wanted < 0) {
        return NULL;
    }
    if (is_wanted && watcher < 0) {
        watcher = PyContext_AddWatcher(on_context);
        if (watcher < 0) {
            return NULL;
        }
    } else if (!is_wanted && watcher >= 0) {
        int number = watcher;
        watcher = -1;
        if (PyContext_ClearWatcher(number) < 0) {
            return NULL;
        }
    }
#else
    (void)wish;
#endif
    Py_RETURN_NONE;
}

/* ---------------------------------------------------------------- the module */

static int demand_running(void) {
    if (!is_running) {
        PyErr_SetString(PyExc_RuntimeError, "the ledger is not running");
        return -1;
    }
    return 0;
}

static PyObject *start(PyObject *module, PyObject *args, PyObject *kwargs) {
    (void)module;
    static char *names[] = {"var", "thread", "loop", "gc", "unended", "known_ns", "exact", "short_ns", "pending_max_ns", NULL};
    PyObject *var, *known;
    Account *thread, *loop, *gc, *unended;
    int exact = 0;
    long long short_wish = 20000, pending_wish = 200000;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O!O!O!O!O!|pLL:start", names, &PyContextVar_Type, &var, &AccountType, &thread,
                                     &AccountType, &loop, &AccountType, &gc, &AccountType, &unended, &PyDict_Type, &known, &exact,
                                     &short_wish, &pending_wish)) {
        return NULL;
    }
    if (is_running) {
        PyErr_SetString(PyExc_RuntimeError, "the ledger is running already");
        return NULL;
    }
    PyObject *held = PyList_New(0);
    if (held == NULL) {
        return NULL;
    }
    calibrate();
    bury(); /* into the books that were closed */
    PyObject *before[] = {owner_var, (PyObject *)on_thread, (PyObject *)on_loop, (PyObject *)on_gc, (PyObject *)on_unended, known_ns, held};
    owner_var = Py_NewRef(var);
    on_thread = (Account *)Py_NewRef((PyObject *)thread);
    on_loop = (Account *)Py_NewRef((PyObject *)loop);
    on_gc = (Account *)Py_NewRef((PyObject *)gc);
    on_unended = (Account *)Py_NewRef((PyObject *)unended);
    known_ns = Py_NewRef(known);
    thread->era = loop->era = gc->era = unended->era = era;
    is_exact = exact;
    short_ns = short_wish;
    pending_max_ns = pending_wish;
    for (Thread *left = threads; left != NULL; left = left->next) {
        begin_anew(left, held); /* known from an earlier run */
    }
    is_running = 1;
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        Py_XDECREF(before[i]);
    }
    Py_RETURN_NONE;
}

static PyObject *stop(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    if (is_running) {
        is_running = 0;
        era++; /* owners of these books are nobody's in the next ones */
    }
    Py_RETURN_NONE;
}

static PyObject *forked(PyObject *module, PyObject *known) {
    (void)module;
    if (!PyDict_Check(known) || on_thread == NULL) {
        PyErr_SetString(PyExc_TypeError, "known_ns is a dict, of a ledger that was started before");
        return NULL;
    }
    PyObject *held = PyList_New(0);
    if (held == NULL) {
        return NULL;
    }
    PyObject *before = known_ns;
    known_ns = Py_NewRef(known);
    era++;
    for (Thread **link = &threads; *link != NULL;) {
        Thread *thread = *link;
        if (thread == here || thread->n_forks == n_forks) {
            link = &thread->next;
            continue;
        }
        *link = thread->next;
        if (atomic_load(&thread->is_over)) {
            atomic_fetch_sub(&n_over, 1);
        }
        free(thread); /* its thread is not in this process; what it refers to is the parent's, and is left */
    }
    for (Thread *thread = threads; thread != NULL; thread = thread->next) {
        int is_younger = thread->n_forks == n_forks; /* than the fork: `here` is not, unless another thread forked */
        thread->tid = is_younger ? thread->tid : native_id();
        thread->n_forks = n_forks;
        begin_anew(thread, held);
        thread->cpu_ns = is_younger ? thread->cpu_ns : 0; /* the clock of the thread that forked began again */
    }
    Py_XDECREF(before);
    Py_DECREF(held);
    Py_RETURN_NONE;
}

static PyObject *switch_to(PyObject *module, PyObject *owner) {
    (void)module;
    if (demand_running() < 0) {
        return NULL;
    }
    Thread *thread = this_thread();
    if (thread == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *from = Py_NewRef((PyObject *)thread->owner);
    switch_owner(thread, meant(thread, owner));
    return from;
}

int codeops_enter(PyObject *owner) {
    PyObject *token = PyContextVar_Set(owner_var, owner);
    if (token == NULL) {
        return -1;
    }
    Py_DECREF(token);
    if (is_running) {
        Thread *thread = this_thread();
        if (thread == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        switch_owner(thread, meant(thread, owner));
    }
    return 0;
}

static PyObject *enter(PyObject *module, PyObject *owner) {
    (void)module;
    if (owner_var == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "the ledger was never started");
        return NULL;
    }
    if (codeops_enter(owner) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *resync(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    Thread *thread = is_running ? this_thread() : NULL;
    if (thread != NULL) {
        follow_context(thread);
    }
    Py_RETURN_NONE;
}

static PyObject *current(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    if (demand_running() < 0) {
        return NULL;
    }
    Thread *thread = this_thread();
    return thread != NULL ? Py_NewRef((PyObject *)thread->owner) : PyErr_NoMemory();
}

static PyObject *mark_loop(PyObject *module, PyObject *wish) {
    (void)module;
    Thread *thread = is_running ? this_thread() : NULL;
    if (thread == NULL) {
        Py_RETURN_FALSE;
    }
    int was_loop = thread->idle == on_loop, is_loop = PyObject_IsTrue(wish);
    if (is_loop < 0) {
        return NULL;
    }
    Account *before = thread->idle;
    thread->idle = is_loop ? on_loop : on_thread;
    if (thread->owner == before) {
        switch_owner(thread, thread->idle);
    }
    return PyBool_FromLong(was_loop);
}

static PyObject *collecting(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    (void)module;
    Thread *thread = is_running && n > 0 && PyUnicode_Check(args[0]) ? this_thread() : NULL;
    if (thread != NULL) {
        if (PyUnicode_CompareWithASCIIString(args[0], "start") == 0) {
            Py_XSETREF(thread->before_gc, (Account *)Py_NewRef((PyObject *)thread->owner));
            switch_owner(thread, on_gc);
        } else if (thread->before_gc != NULL) {
            Account *saved = thread->before_gc;
            thread->before_gc = NULL;
            switch_owner(thread, meant(thread, (PyObject *)saved));
            Py_DECREF(saved);
        }
    }
    Py_RETURN_NONE;
}

long long codeops_finish(Account *account) {
    Thread *thread = is_running ? this_thread() : NULL;
    if (thread != NULL && !is_exact) {
        if (thread->owner == account) {
            close_interval(thread);
        }
        for (int i = 0; i < thread->n_pending; i++) { /* more than once, if it was pending elsewhere meanwhile */
            long long ns = thread->pending[i].account == account ? thread->pending[i].ns : 0;
            if (ns > 0) {
                thread->pending[i].ns = 0;
                thread->pending_ns -= ns;
                thread->ahead_ns += ns;
                credit(account, ns);
            }
        }
    } else if (thread != NULL && thread->owner == account) {
        settle(thread, NULL, THREAD_CPU());
    }
    return account->self_ns;
}

static PyObject *finish(PyObject *module, PyObject *owner) {
    (void)module;
    if (!PyObject_TypeCheck(owner, &AccountType)) {
        PyErr_SetString(PyExc_TypeError, "an account is finished");
        return NULL;
    }
    return PyLong_FromLongLong(codeops_finish((Account *)owner));
}

static PyObject *settle_all(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    bury();
    PyObject *tids = PyList_New(0), *held = tids != NULL ? PyList_New(0) : NULL;
    if (held == NULL) {
        Py_XDECREF(tids);
        return NULL;
    }
    int outcome = 0;
    for (Thread *thread = threads; outcome == 0 && thread != NULL && is_running; thread = thread->next) {
        /* Nothing is released while the list is walked: a destructor could let another thread end, or settle. */
        for (int i = 0; outcome == 0 && i < thread->n_pending; i++) {
            outcome = PyList_Append(held, (PyObject *)thread->pending[i].account);
        }
        long long now = outcome == 0 ? clock_of(thread) : -1;
        if (now >= 0) {
            settle(thread, thread->owner, now);
            thread->tick_ns = TICKS();
        }
        PyObject *tid = PyLong_FromLong(thread->tid);
        if (tid == NULL || PyList_Append(tids, tid) < 0) {
            outcome = -1;
        }
        Py_XDECREF(tid);
    }
    Py_DECREF(held);
    if (outcome < 0) {
        Py_CLEAR(tids);
    }
    return tids;
}

static PyObject *leave_thread(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    Thread *thread = here;
    if (thread != NULL) {
        for (Thread **link = &threads; *link != NULL; link = &(*link)->next) {
            if (*link == thread) {
                *link = thread->next;
                break;
            }
        }
        here = NULL;
        pthread_setspecific(leaving, NULL);
        thread->final_ns = THREAD_CPU();
        drop_thread(thread);
    }
    Py_RETURN_NONE;
}

static PyObject *open_accounts(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    PyObject *found = PyList_New(0);
    for (Account *account = ring.after; found != NULL && account != &ring; account = account->after) {
        if (Py_REFCNT(account) > 0 && PyList_Append(found, (PyObject *)account) < 0) {
            Py_CLEAR(found);
        }
    }
    return found;
}

void codeops_set_drop(Account *account) {
    if (on_unended != NULL && account != on_unended) {
        Py_XSETREF(account->drop, (Account *)Py_NewRef((PyObject *)on_unended));
    }
}

static PyObject *set_drop(PyObject *module, PyObject *owner) {
    (void)module;
    if (PyObject_TypeCheck(owner, &AccountType)) {
        codeops_set_drop((Account *)owner);
    }
    Py_RETURN_NONE;
}

static PyMethodDef module_methods[] = {
    {"start", (PyCFunction)(void (*)(void))start, METH_VARARGS | METH_KEYWORDS, "Begins to keep the books, with these buckets."},
    {"stop", stop, METH_NOARGS, "Ends: nothing is charged any more."},
    {"forked", forked, METH_O, "In the child after a fork: forgets the parent's threads and owners."},
    {"switch_to", switch_to, METH_O, "Makes an account (None: the thread's bucket) the owner of this thread; returns the one before."},
    {"enter", enter, METH_O, "Makes an account the owner of this context and thread."},
    {"resync", resync, METH_NOARGS, "Makes the owner of this context the owner of this thread."},
    {"current", current, METH_NOARGS, "The owner of this thread."},
    {"mark_loop", mark_loop, METH_O, "Says whether an event loop runs in this thread; returns what was said before."},
    {"collecting", (PyCFunction)(void (*)(void))collecting, METH_FASTCALL, "The callback for `gc.callbacks`."},
    {"finish", finish, METH_O, "The account's own CPU in nanoseconds, up to now as far as this thread knows."},
    {"settle_all", settle_all, METH_NOARGS, "Pays out everything in all threads; the numbers of the threads known."},
    {"leave_thread", leave_thread, METH_NOARGS, "Pays out and forgets this thread, which is about to end."},
    {"open_accounts", open_accounts, METH_NOARGS, "All accounts that were not ended."},
    {"set_drop", set_drop, METH_O, "Lets the account's CPU go to the bucket of unended spans should it be dropped."},
    {"watch_contexts", watch_contexts, METH_O, "From Python 3.14: follows every change of the context (True) or none (False)."},
    {NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_native", .m_doc = "The ledger in C; see pure.py.", .m_size = -1, .m_methods = module_methods};

PyMODINIT_FUNC PyInit__native(void) {
    if (pthread_key_create(&leaving, leave) != 0 || pthread_atfork(NULL, NULL, count_fork) != 0 || PyType_Ready(&AccountType) < 0 || PyType_Ready(&StepType) < 0) {
        return NULL;
    }
    PyObject *module = PyModule_Create(&module_definition);
    if (module == NULL || PyModule_AddObjectRef(module, "Account", (PyObject *)&AccountType) < 0 ||
        PyModule_AddObjectRef(module, "Step", (PyObject *)&StepType) < 0 ||
        (lost = PyList_New(0)) == NULL || PyModule_AddObjectRef(module, "lost", lost) < 0 ||
        PyModule_AddIntConstant(module, "HAS_WATCHER", HAS_WATCHER) < 0 || codeops_add_spans(module) < 0 ||
        codeops_add_contexts(module) < 0 || codeops_add_wrappers(module) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
