/* What stands in place of `Tracer.start_span` and `Span.end`: as the wrappers in tracing/sdk.py, without a frame of Python. */
#include "_ledger.h"

#include <structmember.h>

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *original, *dict, *weakrefs;
    PyObject *note; /* of a start: note(span, context); of an end: note(span) */
    PyObject *rest; /* of a start: rest(span, *args, **kwargs) of a span that is not recorded; of an end: globals with `time_ns` */
    PyObject *kind; /* of a start: the type of spans that are not recorded */
    char is_on;
} Wrapper;

static PyObject *s_context, *s_end_time, *s_time_ns;

/* An argument by its place or its name, borrowed; None where it was not given. */
static PyObject *argument(PyObject *const *args, Py_ssize_t n, PyObject *names, Py_ssize_t place, PyObject *name) {
    if (n > place) {
        return args[place];
    }
    for (Py_ssize_t i = 0; names != NULL && i < PyTuple_GET_SIZE(names); i++) {
        if (PyUnicode_Compare(PyTuple_GET_ITEM(names, i), name) == 0) {
            return args[n + i];
        }
    }
    return Py_None;
}

/* `function` with one argument more, which is the first. */
static PyObject *called_with(PyObject *function, PyObject *first, PyObject *const *args, Py_ssize_t n, PyObject *names) {
    Py_ssize_t n_all = n + (names != NULL ? PyTuple_GET_SIZE(names) : 0);
    PyObject **all = PyMem_Malloc(sizeof(PyObject *) * (size_t)(n_all + 1));
    if (all == NULL) {
        return PyErr_NoMemory();
    }
    all[0] = first;
    memcpy(all + 1, args, sizeof(PyObject *) * (size_t)n_all);
    PyObject *result = PyObject_Vectorcall(function, all, (size_t)(n + 1), names);
    PyMem_Free(all);
    return result;
}

static PyObject *start_span(PyObject *self, PyObject *const *args, size_t flags, PyObject *names) {
    Wrapper *wrapper = (Wrapper *)self;
    Py_ssize_t n = PyVectorcall_NARGS(flags);
    PyObject *span = PyObject_Vectorcall(wrapper->original, args, (size_t)n, names);
    if (span == NULL || !wrapper->is_on) {
        return span;
    }
    if ((PyObject *)Py_TYPE(span) == wrapper->kind) {
        PyObject *other = called_with(wrapper->rest, span, args, n, names);
        if (other != NULL) {
            Py_SETREF(span, other);
            return span;
        }
    } else {
        PyObject *done = PyObject_CallFunctionObjArgs(wrapper->note, span, argument(args, n, names, 2, s_context), NULL);
        Py_XDECREF(done);
    }
    if (PyErr_Occurred()) {
        codeops_complain();
    }
    if (PyErr_Occurred()) {
        Py_CLEAR(span);
    }
    return span;
}

static PyObject *end(PyObject *self, PyObject *const *args, size_t flags, PyObject *names) {
    Wrapper *wrapper = (Wrapper *)self;
    Py_ssize_t n = PyVectorcall_NARGS(flags);
    int is_named = n == 1 && names != NULL && PyTuple_GET_SIZE(names) == 1 && PyUnicode_Compare(PyTuple_GET_ITEM(names, 0), s_end_time) == 0;
    if (!wrapper->is_on || !(is_named || (names == NULL && (n == 1 || n == 2)))) { /* what it refuses is not ended */
        return PyObject_Vectorcall(wrapper->original, args, (size_t)n, names);
    }
    PyObject *now = NULL, *done;
    if ((n == 1 && !is_named) || args[1] == Py_None) {
        PyObject *clock = PyDict_GetItemWithError(wrapper->rest, s_time_ns); /* asked each time: tests of programs replace it */
        now = clock != NULL ? PyObject_CallNoArgs(clock) : NULL; /* what we do now is not part of the span */
    }
    if (!PyErr_Occurred()) {
        done = PyObject_CallOneArg(wrapper->note, args[0]);
        Py_XDECREF(done);
    }
    if (PyErr_Occurred()) {
        codeops_complain();
    }
    if (PyErr_Occurred()) {
        Py_XDECREF(now);
        return NULL;
    }
    if (now != NULL) {
        PyObject *timed[] = {args[0], now};
        done = PyObject_Vectorcall(wrapper->original, timed, 2, NULL);
    } else {
        done = PyObject_Vectorcall(wrapper->original, args, (size_t)n, names);
    }
    Py_XDECREF(now);
    return done;
}

static int wrapper_traverse(Wrapper *wrapper, visitproc visit, void *arg) {
    Py_VISIT(wrapper->original);
    Py_VISIT(wrapper->dict);
    Py_VISIT(wrapper->note);
    Py_VISIT(wrapper->rest);
    Py_VISIT(wrapper->kind);
    return 0;
}

static int wrapper_clear(Wrapper *wrapper) {
    Py_CLEAR(wrapper->original);
    Py_CLEAR(wrapper->dict);
    Py_CLEAR(wrapper->note);
    Py_CLEAR(wrapper->rest);
    Py_CLEAR(wrapper->kind);
    return 0;
}

static void wrapper_dealloc(Wrapper *wrapper) {
    PyObject_GC_UnTrack(wrapper);
    if (wrapper->weakrefs != NULL) {
        PyObject_ClearWeakRefs((PyObject *)wrapper);
    }
    wrapper_clear(wrapper);
    Py_TYPE(wrapper)->tp_free((PyObject *)wrapper);
}

/* A method of the object that it is looked up on, as a function is. */
static PyObject *wrapper_get(PyObject *self, PyObject *object, PyObject *type) {
    (void)type;
    return object == NULL || object == Py_None ? Py_NewRef(self) : PyMethod_New(self, object);
}

static PyMemberDef wrapper_members[] = {
    {"is_on", T_BOOL, offsetof(Wrapper, is_on), 0, "Whether it does anything but pass the call on."},
    {NULL},
};

static PyGetSetDef wrapper_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, "For `functools.wraps`.", NULL},
    {NULL},
};

static PyTypeObject WrapperType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "codeops.instrument.ledger._native.Wrapper",
    .tp_basicsize = sizeof(Wrapper),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Wrapper, call),
    .tp_dictoffset = offsetof(Wrapper, dict),
    .tp_weaklistoffset = offsetof(Wrapper, weakrefs),
    .tp_descr_get = wrapper_get,
    .tp_traverse = (traverseproc)wrapper_traverse,
    .tp_clear = (inquiry)wrapper_clear,
    .tp_dealloc = (destructor)wrapper_dealloc,
    .tp_members = wrapper_members,
    .tp_getset = wrapper_getset,
};

static PyObject *made(vectorcallfunc call, PyObject *original, PyObject *note, PyObject *rest, PyObject *kind) {
    Wrapper *wrapper = (Wrapper *)PyType_GenericAlloc(&WrapperType, 0);
    if (wrapper != NULL) {
        wrapper->call = call;
        wrapper->original = Py_NewRef(original);
        wrapper->note = Py_NewRef(note);
        wrapper->rest = Py_NewRef(rest);
        wrapper->kind = Py_XNewRef(kind);
        wrapper->is_on = 1;
    }
    return (PyObject *)wrapper;
}

static PyObject *starting(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *original, *note, *rest, *kind;
    return PyArg_ParseTuple(args, "OOOO:starting", &original, &note, &rest, &kind) ? made(start_span, original, note, rest, kind) : NULL;
}

static PyObject *ending(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *original, *note, *globals;
    return PyArg_ParseTuple(args, "OOO!:ending", &original, &note, &PyDict_Type, &globals) ? made(end, original, note, globals, NULL) : NULL;
}

static PyMethodDef wrapper_methods[] = {
    {"starting", starting, METH_VARARGS, "A `start_span` that calls another one, and then `note`, or `rest` for what is not recorded."},
    {"ending", ending, METH_VARARGS, "An `end` that calls `note` and then another one, with the time of before."},
    {NULL},
};

int codeops_add_wrappers(PyObject *module) {
    if ((s_context = PyUnicode_InternFromString("context")) == NULL || (s_end_time = PyUnicode_InternFromString("end_time")) == NULL ||
        (s_time_ns = PyUnicode_InternFromString("time_ns")) == NULL || PyType_Ready(&WrapperType) < 0 ||
        PyModule_AddObjectRef(module, "Wrapper", (PyObject *)&WrapperType) < 0) {
        return -1;
    }
    return PyModule_AddFunctions(module, wrapper_methods);
}
