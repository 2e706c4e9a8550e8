/* A driver library of NVIDIA's shape whose figures stand in a file, FIGURES, which the compiler is told. Each line is
 * a question, the number of a GPU, the code of the answer and its value. A question that has no line is "not supported".
 * The functions and codes are those of the NVML API Reference Guide. */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { SUCCESS = 0, NOT_SUPPORTED = 3, UNKNOWN = 999 };

enum { THRESHOLD_SLOWDOWN = 1 };

static int ask(const char *question, unsigned gpu, long long *value) {
    FILE *figures = fopen(FIGURES, "r");
    char found[32];
    unsigned number;
    int code, answer = NOT_SUPPORTED;

    if (!figures)
        return UNKNOWN;
    while (fscanf(figures, "%31s %u %d %lld", found, &number, &code, value) == 4) {
        if (number == gpu && strcmp(found, question) == 0) {
            answer = code;
            break;
        }
    }
    fclose(figures);
    return answer;
}

static int ask_unsigned(const char *question, unsigned gpu, unsigned *value) {
    long long found = 0;
    int code = ask(question, gpu, &found);

    *value = (unsigned)found;
    return code;
}

/* A handle is the number of the GPU, plus one so that none is null. */
static unsigned number_of(void *device) { return (unsigned)(uintptr_t)device - 1; }

#ifndef WITHOUT_INIT
int nvmlInit_v2(void) {
    long long ignored;
    return ask("init", 0, &ignored);
}
#endif

#ifndef WITHOUT_SHUTDOWN
int nvmlShutdown(void) { return SUCCESS; }
#endif

int nvmlDeviceGetCount_v2(unsigned *count) { return ask_unsigned("count", 0, count); }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    long long ignored;
    *device = (void *)(uintptr_t)(index + 1);
    return ask("handle", index, &ignored);
}

int nvmlDeviceGetName(void *device, char *name, unsigned length) {
    (void)device;
    snprintf(name, length, "Fake GPU");
    return SUCCESS;
}

int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius) {
    (void)sensor;
    return ask_unsigned("celsius", number_of(device), celsius);
}

int nvmlDeviceGetTemperatureThreshold(void *device, int threshold, unsigned *celsius) {
    if (threshold != THRESHOLD_SLOWDOWN)
        return NOT_SUPPORTED;
    return ask_unsigned("slowdown", number_of(device), celsius);
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts) {
    return ask_unsigned("power", number_of(device), milliwatts);
}

#ifndef WITHOUT_ENERGY
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *millijoules) {
    long long found = 0;
    int code = ask("energy", number_of(device), &found);

    *millijoules = (unsigned long long)found;
    return code;
}
#endif
